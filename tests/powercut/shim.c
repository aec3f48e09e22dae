// Preloaded into the gateway: a kernel or a library that is wrong about durability. GUICHET_POWERCUT_BUG names the
// fault; any other value, or none, changes nothing. Not for use anywhere else: one writer thread is assumed.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

typedef int (*sync_call)(int);
typedef ssize_t (*write_call)(int, const struct iovec*, int, off_t, int);

static int fault_is(const char* name) {
  const char* chosen = getenv("GUICHET_POWERCUT_BUG");
  return chosen && strcmp(chosen, name) == 0;
}

static int is_folder(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

// Writes pages back and waits for them, and asks the disk for nothing: no flush of its cache, no metadata.
static int write_back(int fd, off_t offset, off_t length) {
  return sync_file_range(fd, offset, length,
                         SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

// --- A sync that fails once: what was written since the last one is dropped, as the kernel may do -----------

static __thread struct {
  int fd;
  off_t offset;
  size_t length;
  char* before;
} pending[4096];
static __thread int pending_count;
static int syncs_seen;

static int is_time_to_fail(void) {
  const char* at = getenv("GUICHET_POWERCUT_FAIL_AT");
  return at && __atomic_add_fetch(&syncs_seen, 1, __ATOMIC_SEQ_CST) == atoi(at);
}

static int is_zeros(const struct iovec* pieces, int count) {
  for (int i = 0; i < count; ++i)
    for (size_t at = 0; at < pieces[i].iov_len; ++at)
      if (((const char*)pieces[i].iov_base)[at]) return 0;
  return 1;
}

static void remember(int fd, const struct iovec* pieces, int count, off_t offset) {
  size_t length = 0;
  for (int i = 0; i < count; ++i)
    length += pieces[i].iov_len;
  if (pending_count == 4096 || is_zeros(pieces, count)) return;
  char* before = calloc(1, length);
  if (pread(fd, before, length, offset) < 0) memset(before, 0, length);
  pending[pending_count].fd = fd;
  pending[pending_count].offset = offset;
  pending[pending_count].length = length;
  pending[pending_count++].before = before;
}

static void drop_pending(int put_back) {
  while (pending_count > 0) {
    --pending_count;
    if (put_back) (void)!pwrite(pending[pending_count].fd, pending[pending_count].before,
                                pending[pending_count].length, pending[pending_count].offset);
    free(pending[pending_count].before);
  }
}

static int fails_now(void) {
  if (pending_count == 0) return 0;
  const int fails = is_time_to_fail();
  drop_pending(fails);
  return fails;
}

// --- The calls ----------------------------------------------------------------------------------------------

static int sync_by(const char* call, int fd) {
  if (fault_is("eatmydata")) return 0;
  if (fault_is("directory-sync-ignored") && is_folder(fd)) return 0;
  if (fault_is("sync-file-range") && !is_folder(fd)) return write_back(fd, 0, 0);
  if (fails_now()) {
    errno = EIO;
    return -1;
  }
  return ((sync_call)dlsym(RTLD_NEXT, call))(fd);
}

int fsync(int fd) { return sync_by("fsync", fd); }
int fdatasync(int fd) { return sync_by("fdatasync", fd); }

static ssize_t write_by(const char* call, int fd, const struct iovec* pieces, int count, off_t offset, int flags) {
  const write_call real = (write_call)dlsym(RTLD_NEXT, call);
  const int durable = flags & (RWF_DSYNC | RWF_SYNC);
  if (!durable && getenv("GUICHET_POWERCUT_FAIL_AT")) remember(fd, pieces, count, offset);
  if (!durable) return real(fd, pieces, count, offset, flags);
  if (fault_is("eatmydata")) return real(fd, pieces, count, offset, flags & ~durable);
  if (fault_is("sync-file-range")) {
    const ssize_t wrote = real(fd, pieces, count, offset, flags & ~durable);
    if (wrote > 0 && write_back(fd, offset, wrote) != 0) return -1;
    return wrote;
  }
  if (is_time_to_fail()) {
    errno = EIO;
    return -1;
  }
  return real(fd, pieces, count, offset, flags);
}

ssize_t pwritev2(int fd, const struct iovec* pieces, int count, off_t offset, int flags) {
  return write_by("pwritev2", fd, pieces, count, offset, flags);
}
ssize_t pwritev64v2(int fd, const struct iovec* pieces, int count, off_t offset, int flags) {
  return write_by("pwritev64v2", fd, pieces, count, offset, flags);
}
