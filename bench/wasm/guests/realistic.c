// A guest as people write them: libc, malloc, formatted text, two pages of memory; it asks its host until that has had enough.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((import_module("env"), import_name("ask"))) int ask(const char* text, int length);

__attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t old_size, size_t align, size_t size) {
  (void)old_size, (void)align;
  return realloc(old, size);
}

__attribute__((export_name("ready"))) int ready(void) { return 1; }

__attribute__((export_name("serve"))) int serve(int number) {
  char* text = malloc(200);
  int answer = 0;
  for (int i = 0; answer >= 0; ++i) {
    const int length = snprintf(text, 200, "guest %d says %d: soil is %.2f", number, i, number * 0.25);
    answer = ask(text, length);
  }
  free(text);
  return answer;
}
