# What an installed gateway consists of, and the Debian package of it: ./dev package.
include(GNUInstallDirs)

set(conf ${PROJECT_SOURCE_DIR}/conf)
set(docs ${CMAKE_INSTALL_DATAROOTDIR}/doc/guichet)

install(TARGETS guichet RUNTIME DESTINATION bin)
install(FILES ${conf}/systemd/guichet.service ${conf}/systemd/guichet.socket DESTINATION lib/systemd/system)
install(FILES ${conf}/debian/guichet.sysusers DESTINATION lib/sysusers.d RENAME guichet.conf)
install(FILES ${conf}/debian/guichet.tmpfiles DESTINATION lib/tmpfiles.d RENAME guichet.conf)
install(FILES ${conf}/debian/guichet.toml DESTINATION /etc/guichet)
# The reference, with every key. Its password, "secret", is not installed.
install(FILES ${conf}/guichet.toml DESTINATION ${docs})
install(FILES ${conf}/systemd/ports.conf DESTINATION ${docs})
install(PROGRAMS ${conf}/certbot/guichet-deploy-hook DESTINATION ${docs}/certbot)

file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md)
install(FILES ${pages} ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${docs})
install(FILES ${PROJECT_SOURCE_DIR}/store/FORMAT.md ${PROJECT_SOURCE_DIR}/store/READING.md DESTINATION ${docs}/store)
install(FILES ${conf}/debian/copyright DESTINATION ${docs})
install(FILES ${conf}/debian/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/lintian/overrides RENAME guichet)

# installed_gz(FILE DESTINATION NAME): as Debian wants manual pages and the changelog. Without a time in it.
find_program(GZIP gzip REQUIRED)
function(installed_gz file destination name)
  set(made ${CMAKE_BINARY_DIR}/package/${name}.gz)
  add_custom_command(OUTPUT ${made} DEPENDS ${file}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/package
    COMMAND ${GZIP} -9nc ${file} > ${made})
  set_property(GLOBAL APPEND PROPERTY guichet_compressed ${made})
  install(FILES ${made} DESTINATION ${destination})
endfunction()

installed_gz(${PROJECT_SOURCE_DIR}/CHANGELOG.md ${docs} CHANGELOG.md)
# From the words that the program itself takes.
# said_by_program(NAME WORD...): the file NAME, of what `guichet WORD...` prints.
function(said_by_program name)
  set(made ${CMAKE_BINARY_DIR}/package/${name})
  add_custom_command(OUTPUT ${made} DEPENDS guichet
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/package
    COMMAND guichet ${ARGN} > ${made})
  set_property(GLOBAL APPEND PROPERTY guichet_said ${made})
endfunction()

said_by_program(guichet.1 manual)
said_by_program(guichet.bash completion bash)
said_by_program(_guichet completion zsh)
installed_gz(${CMAKE_BINARY_DIR}/package/guichet.1 ${CMAKE_INSTALL_DATAROOTDIR}/man/man1 guichet.1)
install(FILES ${CMAKE_BINARY_DIR}/package/guichet.bash
  DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions RENAME guichet)
install(FILES ${CMAKE_BINARY_DIR}/package/_guichet DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/zsh/vendor-completions)

get_property(compressed GLOBAL PROPERTY guichet_compressed)
get_property(said GLOBAL PROPERTY guichet_said)
add_custom_target(package_files DEPENDS ${compressed} ${said})

# --- The package -------------------------------------------------------------------------------------------

set(GUICHET_PACKAGE_VERSION ${PROJECT_VERSION} CACHE STRING "of the Debian package, when it is not the project's")
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME guichet)
set(CPACK_PACKAGE_VERSION ${GUICHET_PACKAGE_VERSION})
set(CPACK_PACKAGE_CONTACT "Seed e37db9a2 maintainers <maintainers@users.noreply.r-seed-e37db9a2.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "inbound mail gateway for Alaveteli")
set(CPACK_PACKAGE_DESCRIPTION "Takes the replies that public bodies send to a freedom-of-information site that
runs Alaveteli, keeps each of them exactly as received in an append-only
archive, and hands them to Alaveteli's poller over POP3. One program in the
place of Postfix and Dovecot, for incoming mail.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION mail)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, restic")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "certbot, rspamd, clamav-daemon")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${conf}/debian/conffiles ${conf}/debian/postinst ${conf}/debian/prerm
  ${conf}/debian/postrm)
include(CPack)
