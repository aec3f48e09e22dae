/* A disk that fails on demand, for the binary as it is shipped: preloaded, it stands between the gateway (and the
 * SQLite in it) and libc, looks only at files below one folder, and makes one call fail.
 *
 * A call site is: the libc function, the kind of file, and the functions of the store that led there (their return
 * addresses, which do not change from run to run of one binary). Threads interleave as they like, so a call is
 * named by its site and by how many calls came from that site before it, not by a number over all threads.
 *
 *   SHIM_BELOW   the folder, absolute; everything else passes through
 *   SHIM_TEXT    a file of "begin end" in hex: the store's functions in the executable
 *   SHIM_LOG     a file outside SHIM_BELOW that is appended to: a line for each call, or for the failed ones only
 *   SHIM_FAULT   "SITE NTH WHAT": WHAT is an error's name, "short" (half is transferred), or an error's name
 *                with "+" (the call is carried out, and then it fails)
 *   SHIM_WHILE   a file: as long as it is there, from the fault on all calls fail so that can
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* --- What is known of the process --- */

enum { FRAMES_MAX = 64, FILES_MAX = 65536, RANGES_MAX = 16384, LINE_OCTETS = 2048 };

static char below[PATH_MAX];
static size_t below_octets;
static int log_fd = -1;
static uintptr_t executable, executable_end;
static struct { uintptr_t begin, end; } range[RANGES_MAX];
static size_t ranges;

static struct {
  uint64_t site;
  unsigned long nth;
  int error;      /* 0: short */
  bool after;
  const char* while_there;
  bool set;
} fault;
static atomic_ulong met;
static atomic_bool struck;

/* Kinds of files, by descriptor; 0: not ours. */
static const char* const kinds[] = {"",      "other", "folder", "volume", "torn",    "spool", "index",
                                    "wal",   "shm",   "format", "lock",   "control", "journal"};
enum { K_NONE, K_OTHER, K_FOLDER, K_VOLUME, K_TORN, K_SPOOL, K_INDEX, K_WAL, K_SHM, K_FORMAT, K_LOCK, K_CONTROL,
       K_JOURNAL };
static _Atomic unsigned char kind_of_fd[FILES_MAX];

/* What an errno may happen to while a condition lasts. */
enum class_of_call { C_OTHER, C_OPEN, C_CREATE, C_GROW };

static bool ends_with(const char* text, const char* end) {
  const size_t n = strlen(text), m = strlen(end);
  return n >= m && strcmp(text + n - m, end) == 0;
}

/* The parents of the folder count too: the store syncs them when it makes itself durable. */
static bool is_parent(const char* path) {
  const size_t n = strlen(path);
  return n > 1 && n < below_octets && strncmp(path, below, n) == 0 && (below[n] == '/' || path[n - 1] == '/');
}

static int kind_of_path(const char* path) {
  if (!below_octets || !path) return K_NONE;
  if (strncmp(path, below, below_octets) != 0) return is_parent(path) ? K_FOLDER : K_NONE;
  const char* rest = path + below_octets;
  if (*rest && *rest != '/') return K_NONE;
  while (*rest == '/') ++rest;
  if (!*rest || !strcmp(rest, "volumes") || !strcmp(rest, "index") || !strcmp(rest, "spool")) return K_FOLDER;
  if (ends_with(rest, ".torn")) return K_TORN;
  if (ends_with(rest, ".warc")) return K_VOLUME;
  if (ends_with(rest, "-wal")) return K_WAL;
  if (ends_with(rest, "-shm")) return K_SHM;
  if (ends_with(rest, "-journal")) return K_JOURNAL;
  if (!strncmp(rest, "spool/", 6)) return K_SPOOL;
  if (!strncmp(rest, "index/", 6)) return K_INDEX;
  if (!strncmp(rest, "format", 6)) return K_FORMAT;
  if (!strcmp(rest, "lock")) return K_LOCK;
  if (!strncmp(rest, "control", 7)) return K_CONTROL;
  return K_OTHER;
}

static int kind_of(int fd) { return fd >= 0 && fd < FILES_MAX ? kind_of_fd[fd] : K_NONE; }
static void remember(int fd, int kind) {
  if (fd >= 0 && fd < FILES_MAX) kind_of_fd[fd] = (unsigned char)kind;
}

/* --- Setting up --- */

static int error_named(const char* name) {
  static const struct { const char* name; int code; } known[] = {
      {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EMFILE", EMFILE}, {"EINTR", EINTR}, {"short", 0}};
  for (size_t i = 0; i < sizeof known / sizeof *known; ++i)
    if (!strcmp(known[i].name, name)) return known[i].code;
  fprintf(stderr, "shim: no error is called %s\n", name);
  abort();
}

static int find_executable(struct dl_phdr_info* info, size_t size, void* unused) {
  (void)size, (void)unused;
  executable = info->dlpi_addr;
  for (int i = 0; i < info->dlpi_phnum; ++i)
    if (info->dlpi_phdr[i].p_type == PT_LOAD) {
      const uintptr_t end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
      if (end > executable_end) executable_end = end;
    }
  return 1; /* the first one is the executable */
}

static void read_ranges(const char* file) {
  FILE* stream = fopen(file, "re");
  if (!stream) return;
  while (ranges < RANGES_MAX && fscanf(stream, "%lx %lx", &range[ranges].begin, &range[ranges].end) == 2) ++ranges;
  fclose(stream);
}

static void read_fault(const char* text) {
  char what[32];
  if (sscanf(text, "%lx %lu %31s", &fault.site, &fault.nth, what) != 3) abort();
  const size_t n = strlen(what);
  fault.after = what[n - 1] == '+';
  if (fault.after) what[n - 1] = '\0';
  fault.error = error_named(what);
  fault.while_there = getenv("SHIM_WHILE");
  fault.set = true;
}

__attribute__((constructor)) static void begin(void) {
  const char* folder = getenv("SHIM_BELOW");
  if (!folder) return;
  void* warm[2];
  backtrace(warm, 2); /* loads the unwinder now */
  dl_iterate_phdr(find_executable, NULL);
  if (getenv("SHIM_TEXT")) read_ranges(getenv("SHIM_TEXT"));
  if (getenv("SHIM_FAULT")) read_fault(getenv("SHIM_FAULT"));
  if (getenv("SHIM_LOG")) {
    const int fd = open(getenv("SHIM_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 500); /* out of the way: low numbers are the gateway's */
    close(fd);
  }
  strncpy(below, folder, sizeof below - 1);
  below_octets = strlen(below);
}

/* --- Sites --- */

struct site {
  uint64_t hash;
  uintptr_t frames[FRAMES_MAX]; /* of the store, innermost first */
  int count;
  uintptr_t caller; /* who called libc, counted from where its object begins */
};

static bool in_store(uintptr_t offset) {
  size_t low = 0, high = ranges;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (offset < range[middle].begin) high = middle;
    else if (offset >= range[middle].end) low = middle + 1;
    else return true;
  }
  return false;
}

static void mix(uint64_t* hash, const void* octets, size_t count) {
  for (size_t i = 0; i < count; ++i) *hash = (*hash ^ ((const unsigned char*)octets)[i]) * 1099511628211u;
}

static uintptr_t in_its_object(uintptr_t address) {
  if (address >= executable && address < executable_end) return address - executable;
  Dl_info info;
  return dladdr((void*)address, &info) ? address - (uintptr_t)info.dli_fbase : 0;
}

/* SQLite is one site each place of its own and statement class, not one for each of our statements: below its
 * frames only the two innermost functions of the store count. */
static void find_site(struct site* site, const char* call, int kind, uintptr_t caller) {
  void* all[FRAMES_MAX];
  const int depth = backtrace(all, FRAMES_MAX);
  site->hash = 14695981039346656037u;
  site->count = 0;
  site->caller = in_its_object(caller);
  const bool ours = caller >= executable && caller < executable_end;
  for (int i = 0; i < depth; ++i) {
    const uintptr_t at = (uintptr_t)all[i];
    if (at < executable || at >= executable_end || !in_store(at - executable - 1)) continue;
    site->frames[site->count++] = at - executable;
  }
  const int used = ours || site->count < 2 ? site->count : 2;
  mix(&site->hash, call, strlen(call));
  mix(&site->hash, kinds[kind], strlen(kinds[kind]));
  mix(&site->hash, &site->caller, sizeof site->caller);
  mix(&site->hash, site->frames, sizeof *site->frames * (size_t)used);
}

static void write_log(const struct site* site, const char* call, int kind, const char* fate, bool is_sqlite) {
  char line[LINE_OCTETS];
  int n = snprintf(line, sizeof line, "%016lx %s %s %s %s %lx", site->hash, call, kinds[kind], fate,
                   is_sqlite ? "library" : "ours", site->caller);
  for (int i = 0; i < site->count && n < LINE_OCTETS - 20; ++i)
    n += snprintf(line + n, sizeof line - (size_t)n, " %lx", site->frames[i]);
  line[n++] = '\n';
  syscall(SYS_write, log_fd, line, (size_t)n);
}

/* --- The judgement --- */

enum fate { WORKS, FAILS, FAILS_AFTER, SHORT };

static bool condition_holds(enum class_of_call class) {
  if (!fault.while_there || !struck) return false;
  if (syscall(SYS_access, fault.while_there, F_OK) != 0) return false;
  if (fault.error == EMFILE) return class == C_OPEN || class == C_CREATE;
  return class == C_CREATE || class == C_GROW;
}

/* errno is set for a call that fails. */
static enum fate judge(const char* call, int kind, enum class_of_call class, uintptr_t caller) {
  if (kind == K_NONE) return WORKS;
  const int kept = errno;
  struct site site;
  find_site(&site, call, kind, caller);
  const bool library = caller < executable || caller >= executable_end;
  const bool hit = fault.set && site.hash == fault.site && atomic_fetch_add(&met, 1) == fault.nth;
  if (hit) struck = true;
  const bool fails = hit || condition_holds(class);
  if (log_fd >= 0 && (fails || !fault.set)) write_log(&site, call, kind, fails ? "failed" : "worked", library);
  errno = kept;
  if (!fails) return WORKS;
  if (fault.error == 0) return SHORT;
  if (fault.after && hit) return FAILS_AFTER;
  errno = fault.error;
  return FAILS;
}

#define CALLER ((uintptr_t)__builtin_return_address(0))
#define REAL(name) \
  static __typeof__(&name) real; \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* Judges, and returns from the wrapper when the call fails; `carry` is the call. */
#define DECIDE(type, failure, call, kind, class, carry) \
  do { \
    const enum fate fate = judge(call, kind, class, CALLER); \
    if (fate == FAILS) return failure; \
    if (fate == FAILS_AFTER) { \
      type carried = carry; \
      (void)carried; \
      errno = fault.error; \
      return failure; \
    } \
  } while (0)

/* --- Opening --- */

static int class_of_open(int flags) { return flags & O_CREAT ? C_CREATE : C_OPEN; }

static mode_t mode_of(int flags, va_list arguments) {
  return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

#define OPENS(name) \
  int name(const char* path, int flags, ...) { \
    REAL(name); \
    va_list arguments; \
    va_start(arguments, flags); \
    const mode_t mode = mode_of(flags, arguments); \
    va_end(arguments); \
    const int kind = kind_of_path(path); \
    DECIDE(int, -1, flags & O_CREAT ? "create" : "open", kind, class_of_open(flags), real(path, flags, mode)); \
    const int fd = real(path, flags, mode); \
    remember(fd, kind); \
    return fd; \
  }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name) \
  int name(int folder, const char* path, int flags, ...) { \
    REAL(name); \
    va_list arguments; \
    va_start(arguments, flags); \
    const mode_t mode = mode_of(flags, arguments); \
    va_end(arguments); \
    const int kind = path[0] == '/' ? kind_of_path(path) : kind_of(folder); \
    DECIDE(int, -1, flags & O_CREAT ? "create" : "open", kind, class_of_open(flags), real(folder, path, flags, mode)); \
    const int fd = real(folder, path, flags, mode); \
    remember(fd, kind); \
    return fd; \
  }
OPENS_AT(openat)
OPENS_AT(openat64)

int __open_2(const char*, int);
int __open64_2(const char*, int);
#define OPENS_2(name) \
  int name(const char* path, int flags) { \
    REAL(name); \
    const int kind = kind_of_path(path); \
    DECIDE(int, -1, "open", kind, C_OPEN, real(path, flags)); \
    const int fd = real(path, flags); \
    remember(fd, kind); \
    return fd; \
  }
OPENS_2(__open_2)
OPENS_2(__open64_2)

int close(int fd) {
  REAL(close);
  remember(fd, K_NONE);
  return real(fd);
}

DIR* opendir(const char* path) {
  REAL(opendir);
  const int kind = kind_of_path(path);
  DECIDE(DIR*, NULL, "opendir", kind, C_OPEN, real(path));
  DIR* stream = real(path);
  if (stream) remember(dirfd(stream), kind);
  return stream;
}

int closedir(DIR* stream) {
  REAL(closedir);
  remember(dirfd(stream), K_NONE);
  return real(stream);
}

#define READS_DIRECTORY(name, entry) \
  struct entry* name(DIR* stream) { \
    REAL(name); \
    DECIDE(struct entry*, NULL, "readdir", kind_of(dirfd(stream)), C_OTHER, real(stream)); \
    return real(stream); \
  }
READS_DIRECTORY(readdir, dirent)
READS_DIRECTORY(readdir64, dirent64)

/* --- Reading and writing; a short transfer is half of what was asked for, of one octet nothing --- */

#define HALF(octets) ((octets) > 1 ? (octets) / 2 : (octets))

#define TRANSFERS(name, call, class, parameters, arguments) \
  ssize_t name parameters { \
    REAL(name); \
    const enum fate fate = judge(call, kind_of(fd), class, CALLER); \
    if (fate == FAILS) return -1; \
    if (fate == SHORT) octets = HALF(octets); \
    const ssize_t result = real arguments; \
    return fate == FAILS_AFTER ? (errno = fault.error, -1) : result; \
  }
TRANSFERS(read, "read", C_OTHER, (int fd, void* into, size_t octets), (fd, into, octets))
TRANSFERS(write, "write", C_GROW, (int fd, const void* from, size_t octets), (fd, from, octets))
TRANSFERS(pread, "pread", C_OTHER, (int fd, void* into, size_t octets, off_t at), (fd, into, octets, at))
TRANSFERS(pread64, "pread", C_OTHER, (int fd, void* into, size_t octets, off_t at), (fd, into, octets, at))
TRANSFERS(pwrite, "pwrite", C_GROW, (int fd, const void* from, size_t octets, off_t at), (fd, from, octets, at))
TRANSFERS(pwrite64, "pwrite", C_GROW, (int fd, const void* from, size_t octets, off_t at), (fd, from, octets, at))

/* What _FORTIFY_SOURCE makes of them; the size of the buffer is passed on. */
ssize_t __read_chk(int, void*, size_t, size_t);
ssize_t __pread_chk(int, void*, size_t, off_t, size_t);
ssize_t __pread64_chk(int, void*, size_t, off_t, size_t);
TRANSFERS(__read_chk, "read", C_OTHER, (int fd, void* into, size_t octets, size_t held), (fd, into, octets, held))
TRANSFERS(__pread_chk, "pread", C_OTHER, (int fd, void* into, size_t octets, off_t at, size_t held),
          (fd, into, octets, at, held))
TRANSFERS(__pread64_chk, "pread", C_OTHER, (int fd, void* into, size_t octets, off_t at, size_t held),
          (fd, into, octets, at, held))

/* Half of the octets of a list of pieces: how many of them hold it, in `into`. */
static int half_of(const struct iovec* pieces, int count, struct iovec* into) {
  size_t all = 0;
  for (int i = 0; i < count; ++i) all += pieces[i].iov_len;
  size_t left = HALF(all);
  int used = 0;
  for (; used < count && left > 0; ++used) {
    into[used] = pieces[used];
    if (into[used].iov_len > left) into[used].iov_len = left;
    left -= into[used].iov_len;
  }
  return used;
}

/* `half` is on the stack of whoever calls: a list has at most IOV_MAX pieces. */
#define WRITES_PIECES(name, call, parameters, arguments) \
  ssize_t name parameters { \
    REAL(name); \
    struct iovec half[IOV_MAX]; \
    const enum fate fate = judge(call, kind_of(fd), C_GROW, CALLER); \
    if (fate == FAILS) return -1; \
    if (fate == SHORT) count = half_of(pieces, count, half), pieces = half; \
    const ssize_t result = real arguments; \
    return fate == FAILS_AFTER ? (errno = fault.error, -1) : result; \
  }
#define DURABLY (flags & RWF_DSYNC ? "pwritev2-dsync" : "pwritev2")
WRITES_PIECES(pwritev, "pwritev", (int fd, const struct iovec* pieces, int count, off_t at), (fd, pieces, count, at))
WRITES_PIECES(pwritev64, "pwritev", (int fd, const struct iovec* pieces, int count, off_t at), (fd, pieces, count, at))
WRITES_PIECES(pwritev2, DURABLY, (int fd, const struct iovec* pieces, int count, off_t at, int flags),
              (fd, pieces, count, at, flags))
WRITES_PIECES(pwritev64v2, DURABLY, (int fd, const struct iovec* pieces, int count, off_t at, int flags),
              (fd, pieces, count, at, flags))

/* --- Everything else --- */

#define ON_FD(type, name, call, class, parameters, arguments) \
  type name parameters { \
    REAL(name); \
    DECIDE(type, -1, call, kind_of(fd), class, real arguments); \
    return real arguments; \
  }
ON_FD(int, fsync, "fsync", C_OTHER, (int fd), (fd))
ON_FD(int, fdatasync, "fdatasync", C_OTHER, (int fd), (fd))
ON_FD(int, ftruncate, "ftruncate", C_OTHER, (int fd, off_t octets), (fd, octets))
ON_FD(int, ftruncate64, "ftruncate", C_OTHER, (int fd, off_t octets), (fd, octets))
ON_FD(int, fallocate, "fallocate", C_GROW, (int fd, int mode, off_t at, off_t octets), (fd, mode, at, octets))
ON_FD(int, fallocate64, "fallocate", C_GROW, (int fd, int mode, off_t at, off_t octets), (fd, mode, at, octets))
ON_FD(int, fchmod, "fchmod", C_OTHER, (int fd, mode_t mode), (fd, mode))
ON_FD(int, fchown, "fchown", C_OTHER, (int fd, uid_t user, gid_t group), (fd, user, group))
ON_FD(int, flock, "flock", C_OTHER, (int fd, int what), (fd, what))
ON_FD(int, fstat, "fstat", C_OTHER, (int fd, struct stat* status), (fd, status))
ON_FD(int, fstat64, "fstat", C_OTHER, (int fd, struct stat64* status), (fd, status))

#define ON_PATH(type, name, call, class, parameters, arguments) \
  type name parameters { \
    REAL(name); \
    DECIDE(type, -1, call, kind_of_path(path), class, real arguments); \
    return real arguments; \
  }
ON_PATH(int, rename, "rename", C_OTHER, (const char* path, const char* to), (path, to))
ON_PATH(int, unlink, "unlink", C_OTHER, (const char* path), (path))
ON_PATH(int, remove, "unlink", C_OTHER, (const char* path), (path))
ON_PATH(int, rmdir, "unlink", C_OTHER, (const char* path), (path))
ON_PATH(int, mkdir, "mkdir", C_CREATE, (const char* path, mode_t mode), (path, mode))
ON_PATH(int, chmod, "chmod", C_OTHER, (const char* path, mode_t mode), (path, mode))
ON_PATH(int, stat, "stat", C_OTHER, (const char* path, struct stat* status), (path, status))
ON_PATH(int, stat64, "stat", C_OTHER, (const char* path, struct stat64* status), (path, status))
ON_PATH(int, lstat, "stat", C_OTHER, (const char* path, struct stat* status), (path, status))
ON_PATH(int, lstat64, "stat", C_OTHER, (const char* path, struct stat64* status), (path, status))
ON_PATH(int, access, "access", C_OTHER, (const char* path, int mode), (path, mode))
ON_PATH(int, statvfs, "statvfs", C_OTHER, (const char* path, struct statvfs* status), (path, status))
ON_PATH(int, statvfs64, "statvfs", C_OTHER, (const char* path, struct statvfs64* status), (path, status))

static bool is_lock(int command) { return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK; }

#define CONTROLS(name) \
  int name(int fd, int command, ...) { \
    REAL(name); \
    va_list arguments; \
    va_start(arguments, command); \
    void* argument = va_arg(arguments, void*); \
    va_end(arguments); \
    if (is_lock(command)) DECIDE(int, -1, "fcntl-lock", kind_of(fd), C_OTHER, real(fd, command, argument)); \
    const int result = real(fd, command, argument); \
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) remember(result, kind_of(fd)); \
    return result; \
  }
CONTROLS(fcntl)
CONTROLS(fcntl64)
