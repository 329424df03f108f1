// A program of wasi_snapshot_preview1 that tries what a program might, and writes a line about each attempt:
// "open /etc/passwd: refused". Its arguments are further paths to open for reading, or for writing with a '+'
// before them.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

extern char** environ;

static void tell(const char* what, const char* path, int good) {
  if (good)
    printf("%s %s: done\n", what, path);
  else
    printf("%s %s: refused (%s)\n", what, path, strerror(errno));
}
static void try_open(const char* path, int flags) {
  int file = open(path, flags, 0644);
  tell(flags == O_RDONLY ? "open" : "write", path, file >= 0);
  if (file >= 0) close(file);
}

int main(int count, char** arguments) {
  printf("arguments %d\n", count);
  int variables = 0;
  while (environ != NULL && environ[variables] != NULL) ++variables;
  printf("environment %d\n", variables);
  static const char* const paths[] = {"/etc/passwd",        "/",        "..",      "../../etc/passwd",
                                      "/proc/self/environ", "/dev/mem", "vm.sock", "."};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; ++i) try_open(paths[i], O_RDONLY);
  try_open("/tmp/celeriac-was-here", O_CREAT | O_WRONLY);
  for (int i = 1; i < count; ++i)
    if (arguments[i][0] == '+')
      try_open(arguments[i] + 1, O_CREAT | O_WRONLY);
    else
      try_open(arguments[i], O_RDONLY);
  tell("list", "/", opendir("/") != NULL);
  tell("make directory", "/tmp/celeriac-directory", mkdir("/tmp/celeriac-directory", 0755) == 0);
  tell("remove", "/etc/hostname", unlink("/etc/hostname") == 0);
  tell("link", "/etc/passwd", symlink("/etc/passwd", "link") == 0);
  // Descriptors that a worker may have open: only its own three are there.
  for (__wasi_fd_t fd = 3; fd < 40; ++fd) {
    __wasi_fdstat_t status;
    if (__wasi_fd_fdstat_get(fd, &status) == 0)
      printf("descriptor %u: type %u\n", (unsigned)fd, (unsigned)status.fs_filetype);
    char byte = 0;
    __wasi_ciovec_t out = {(const uint8_t*)&byte, 1};
    __wasi_size_t written = 0;
    if (__wasi_fd_write(fd, &out, 1, &written) == 0) printf("descriptor %u: written to\n", (unsigned)fd);
    __wasi_fd_t accepted = 0;
    if (__wasi_sock_accept(fd, 0, &accepted) == 0) printf("descriptor %u: a socket\n", (unsigned)fd);
  }
  unsigned char random[8] = {0};
  printf("random %d\n", getentropy(random, sizeof random));
  struct timespec now;
  printf("clock %d\n", clock_gettime(CLOCK_MONOTONIC, &now));
  fprintf(stderr, "a line of standard error\n");
  printf("the end\n");
  return 7;
}
