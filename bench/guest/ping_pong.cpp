// A bare ping-pong over a unix socket, between two processes: what messages between guests are compared with.
// Prints the nanoseconds of one round of 64 bytes there and back.

#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>

int main() {
  constexpr int rounds = 100'000;
  int ends[2];
  char bytes[64] = {};
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < rounds; ++i)
      if (read(ends[1], bytes, sizeof bytes) != sizeof bytes ||
          write(ends[1], bytes, sizeof bytes) != sizeof bytes)
        _exit(1);
    _exit(0);
  }
  timespec begin{}, end{};
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (int i = 0; i < rounds; ++i)
    if (write(ends[0], bytes, sizeof bytes) != sizeof bytes ||
        read(ends[0], bytes, sizeof bytes) != sizeof bytes)
      return 1;
  clock_gettime(CLOCK_MONOTONIC, &end);
  waitpid(child, nullptr, 0);
  const double seconds = static_cast<double>(end.tv_sec - begin.tv_sec) +
                         static_cast<double>(end.tv_nsec - begin.tv_nsec) * 1e-9;
  std::printf("%.0f\n", seconds / rounds * 1e9);
}
