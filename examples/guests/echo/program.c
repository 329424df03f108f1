// An echo for wasi_snapshot_preview1: a program like any other, which writes its arguments to standard output
// and ends.

#include <stdio.h>

int main(int count, char** arguments) {
  for (int i = 1; i < count; ++i) printf("%s%s", arguments[i], i + 1 < count ? " " : "\n");
  return 0;
}
