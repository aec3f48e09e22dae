# One library target per room, all built with the same warnings and walls.
# A pure room (no Asio in it) is also checked for undefined behaviour under asan; files that hold Asio
# coroutines are not, since ubsan there more than doubles a compile that is already the longest.

# g++ 12 takes an empty std::optional for an uninitialised value once it has inlined enough: -Wmaybe-uninitialized
# cries wolf at -O2 and differently under each sanitizer. asan and valgrind look for the real thing.

add_library(guichet_flags INTERFACE)
target_include_directories(guichet_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(guichet_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wswitch-enum $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized> -Werror
  -fno-omit-frame-pointer)
target_compile_definitions(guichet_flags INTERFACE _GLIBCXX_ASSERTIONS)

if(GUICHET_SANITIZE STREQUAL "address")
  target_compile_options(guichet_flags INTERFACE -fsanitize=address -O1)
  target_link_options(guichet_flags INTERFACE -fsanitize=address -fsanitize=undefined)
elseif(GUICHET_SANITIZE STREQUAL "thread")
  # tsan does not model atomic_thread_fence, which Asio's fenced block uses.
  target_compile_options(guichet_flags INTERFACE -fsanitize=thread -O1)
  target_compile_definitions(guichet_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  target_link_options(guichet_flags INTERFACE -fsanitize=thread)
elseif(GUICHET_SANITIZE STREQUAL "fuzz")
  target_compile_options(guichet_flags INTERFACE
    -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -O1)
  target_link_options(guichet_flags INTERFACE -fsanitize=address,undefined)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(guichet_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
  target_link_options(guichet_flags INTERFACE -pie -Wl,-z,relro,-z,now)
endif()

# guichet_room(NAME [PURE] SOURCES a.cc ... LINKS lib ...)
function(guichet_room name)
  cmake_parse_arguments(ROOM "PURE" "" "SOURCES;LINKS" ${ARGN})
  add_library(guichet_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(guichet_${name} PUBLIC guichet_flags ${ROOM_LINKS})
  # g++ 12 takes the coroutine frames of Asio for a mismatch of new and delete once asan keeps it from inlining.
  if(NOT ROOM_PURE)
    target_compile_options(guichet_${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)
  endif()
  if(ROOM_PURE AND GUICHET_SANITIZE STREQUAL "address")
    target_compile_options(guichet_${name} PRIVATE -fsanitize=undefined -fno-sanitize-recover=undefined)
  endif()
endfunction()
