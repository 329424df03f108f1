// celeriac-guest: runs the modules of one package behind walls. Started by the VM, with one socket.

#include "guest/worker.hpp"

int main(int count, char** arguments) {
  return celeriac::guest::run_program(count, arguments, &celeriac::guest::personality_for);
}
