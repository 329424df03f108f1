#include "protocol/operations.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

#include "protocol/frame.hpp"

using namespace celeriac::protocol;
using namespace celeriac::protocol::literals;

TEST_CASE("the table has every operation of the contract under its wire name") {
  constexpr std::string_view contract[][3] = {{"CODE.CREATE", "CODE", "CREAT"},
                                              {"CODE.OPEN", "CODE", "OPEN"},
                                              {"CODE.WRITE", "CODE", "WRITE"},
                                              {"CODE.CLOSE", "CODE", "CLOSE"},
                                              {"CODE.RM", "CODE", "RM"},
                                              {"CODE.LIST", "CODE", "LIST"},
                                              {"PROC.START", "PROC", "START"},
                                              {"PROC.RUN", "PROC", "RUN"},
                                              {"PROC.PAUSE", "PROC", "PAUSE"},
                                              {"PROC.KILL", "PROC", "KILL"},
                                              {"PROC.STEP", "PROC", "STEP"},
                                              {"PROC.WAIT", "PROC", "WAIT"},
                                              {"PROC.STAT", "PROC", "STAT"},
                                              {"PROC.LIST", "PROC", "LIST"},
                                              {"REGISTER.NEW", "REGS", "NEW"},
                                              {"REGISTER.READ", "REGS", "READ"},
                                              {"REGISTER.WATCH", "REGS", "WATCH"},
                                              {"REGISTER.RM", "REGS", "RM"},
                                              {"REGISTER.SET", "REGS", "SET"},
                                              {"SLICE.NEW", "SLCE", "NEW"},
                                              {"SYS.HELLO", "SYS", "HELLO"},
                                              {"SYS.CHECK_UPDATES", "SYS", "CHKUP"},
                                              {"SYS.FACTORY_RESET", "SYS", "FRSET"},
                                              {"SYS.POWER_OFF", "SYS", "PWOFF"},
                                              {"SYS.REBOOT", "SYS", "REBOT"},
                                              {"SYS.MOVE_ABSOLUTE", "SYS", "MVABS"},
                                              {"SYS.MOVE_RELATIVE", "SYS", "MVREL"},
                                              {"SYS.CALIBRATE", "SYS", "CALIB"},
                                              {"SYS.FIND_HOME", "SYS", "FHOME"},
                                              {"SYS.HOME", "SYS", "HOME"},
                                              {"SYS.ZERO", "SYS", "ZERO"},
                                              {"SYS.SET_SERVO_ANGLE", "SYS", "SERVO"},
                                              {"SYS.TOGGLE_PIN", "SYS", "TGPIN"},
                                              {"SYS.WRITE_PIN", "SYS", "WRPIN"},
                                              {"SYS.READ_PIN", "SYS", "RDPIN"},
                                              {"SYS.SET_PIN_IO_MODE", "SYS", "PINIO"},
                                              {"SYS.READ_STATUS", "SYS", "STATU"},
                                              {"SYS.CONFIG_UPDATE", "SYS", "CFGUP"},
                                              {"SYS.CONFIG_READ", "SYS", "CFGRD"},
                                              {"SYS.TAKE_PHOTO", "SYS", "PHOTO"},
                                              {"SYS.EMERGENCY_LOCK", "SYS", "ESTOP"},
                                              {"SYS.EMERGENCY_UNLOCK", "SYS", "UNLCK"},
                                              {"SYS.ABORT", "SYS", "ABORT"},
                                              {"SYS.SET_USER_ENV", "SYS", "UENV"},
                                              {"SYS.SEND_MESSAGE", "SYS", "MESSG"},
                                              {"SYS.INSTALL_FIRST_PARTY_FARMWARE", "SYS", "FPFWI"},
                                              {"SYS.EXECUTE_SCRIPT", "SYS", "EXSCR"},
                                              {"SYS.INSTALL_FARMWARE", "SYS", "FWINS"},
                                              {"SYS.REMOVE_FARMWARE", "SYS", "FWREM"},
                                              {"SYS.UPDATE_FARMWARE", "SYS", "FWUPD"},
                                              {"SYS.REGISTER_GPIO", "SYS", "GPREG"},
                                              {"SYS.UNREGISTER_GPIO", "SYS", "GPUNR"},
                                              {"SYS.WAIT", "SYS", "WAIT"},
                                              {"SYS.SLEEP", "SYS", "SLEEP"},
                                              {"SYS.EXIT", "SYS", "EXIT"},
                                              {"SYS.SYNC", "SYS", "SYNC"}};
  for (const auto& [long_name, space, wire] : contract) {
    INFO(long_name);
    const auto* row = find_operation(long_name);
    REQUIRE(row != nullptr);
    CHECK(row->space == space);
    CHECK(row->wire == wire);
    CHECK(find_operation(space, wire) == row);
  }
}

TEST_CASE("every row can stand in a frame, is found under both names and has words for a person") {
  std::set<std::string> names, wires;
  for (const auto& row : operations()) {
    INFO(row.long_name);
    char header[request_header_size];
    RequestFrame request;
    REQUIRE(row.space.size() <= space_width);
    REQUIRE(row.wire.size() <= wire_width);
    encode_request_header(header, Channel{1}, row.space, row.wire, 0);
    REQUIRE(decode_request_header(header, request));
    CHECK(find_operation(request.space, request.wire) == &row);
    CHECK(find_operation(row.long_name) == &row);
    CHECK(&operations()[index_of(row)] == &row);
    CHECK(names.insert(std::string(row.long_name)).second);
    CHECK(wires.insert(std::string(row.space) + " " + std::string(row.wire)).second);
    CHECK(row.summary.ends_with('.'));
    CHECK_FALSE(row.returns.empty());
  }
}

TEST_CASE("every field has a phrase, and what is a choice has choices") {
  for (const auto& row : operations())
    for (const auto& field : row.fields) {
      INFO(row.long_name << " " << field.name);
      CHECK_FALSE(field.help.empty());
      CHECK((field.type == FieldType::choice) == !field.choices.empty());
      if (field.low <= field.high && !field.required && field.fallback != -1) {
        CHECK(field.fallback >= field.low);
        CHECK(field.fallback <= field.high);
      }
    }
}

TEST_CASE("what is not in the table is not found") {
  CHECK(find_operation("SYS.NONSENSE") == nullptr);
  CHECK(find_operation("") == nullptr);
  CHECK(find_operation("SYS", "NONE") == nullptr);
  CHECK(find_operation("SY", "SHOME") == nullptr);
  CHECK(find_operation("", "") == nullptr);
}

TEST_CASE("a row is also written by its long name") {
  CHECK("SYS.HOME"_op.wire == "HOME");
}
