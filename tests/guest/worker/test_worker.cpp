// celeriac-guest with the ABI of test_abi.hpp.

#include "guest/worker.hpp"
#include "test_abi.hpp"

int main(int count, char** arguments) {
  return celeriac::guest::run_program(count, arguments, &celeriac::testing::test_personality_for);
}
