// celeriac-guest: runs the modules of one package behind walls. Started by the VM, with one socket.

#include <cstdio>
#include <string_view>

#include "guest/worker.hpp"

int main(int count, char** arguments) {
  if (count == 2 && std::string_view(arguments[1]) == "--version") return std::puts(CELERIAC_VERSION) < 0;
  return celeriac::guest::run_program(count, arguments, &celeriac::guest::personality_for);
}
