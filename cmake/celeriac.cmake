# What every folder of the project is built with.

find_package(Boost 1.88 REQUIRED CONFIG)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(Catch2 3 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(bson REQUIRED IMPORTED_TARGET libbson-1.0)

find_program(CCACHE ccache)
if(CCACHE)
  # Precompiled headers can be cached when ccache does not look at macros of time in them. Below the base directory paths are
  # relative, so that every clone finds what another one has compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

# Options of every target, the precompiled header's included: it is only usable by equals.
add_library(celeriac_options INTERFACE)
target_compile_options(celeriac_options INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wimplicit-fallthrough -Wno-missing-field-initializers
  -Wno-mismatched-new-delete  # g++ 14 takes Asio's allocation of coroutine frames for a mismatch
  -fpch-preprocess
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)  # the same programs from any folder
target_compile_definitions(celeriac_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  CELERIAC_VERSION="${PROJECT_VERSION}")
target_include_directories(celeriac_options INTERFACE ${PROJECT_SOURCE_DIR})
target_link_libraries(celeriac_options INTERFACE
  Boost::headers nlohmann_json::nlohmann_json spdlog::spdlog PkgConfig::bson)

# celeriac_library(NAME SOURCES … DEPENDS …): a folder of the house.
function(celeriac_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC celeriac_options celeriac_precompiled ${arg_DEPENDS})
  target_precompile_headers(${name} REUSE_FROM celeriac_precompiled)
endfunction()

# celeriac_program(NAME SOURCES … DEPENDS …): something a person or systemd starts.
function(celeriac_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE celeriac_options celeriac_precompiled ${arg_DEPENDS})
  target_precompile_headers(${name} REUSE_FROM celeriac_precompiled)
  # A twentieth smaller: without functions that nobody calls, and with relocations as bits.
  target_link_options(${name} PRIVATE $<$<CONFIG:Release>:LINKER:--gc-sections,-z,pack-relative-relocs>)
endfunction()

# celeriac_tests(NAME SOURCES … DEPENDS …): a Catch2 program, one CTest test for each test case. What is built for another
# machine runs in emulation, where to start a program takes longer than most cases: there it is two tests, each half of them,
# without those that tests/machine/not-emulated.txt names.
include(Catch)
set(not_emulated_file ${PROJECT_SOURCE_DIR}/tests/machine/not-emulated.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${not_emulated_file})
function(celeriac_tests name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE celeriac_options celeriac_tests_precompiled ${arg_DEPENDS})
  target_precompile_headers(${name} REUSE_FROM celeriac_tests_precompiled)
  if(NOT CMAKE_CROSSCOMPILING)
    catch_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}: " PROPERTIES TIMEOUT 400)
    return()
  endif()
  file(STRINGS ${not_emulated_file} left_out REGEX "^${name}: ")
  list(TRANSFORM left_out REPLACE "^${name}: (.*)$" "~\"\\1*\"")
  list(JOIN left_out " " cases)
  string(REPLACE "," "\\," cases "${cases}") # a bare one means "or"
  list(LENGTH arg_SOURCES cost) # the longest first
  foreach(half 0 1)
    add_test(NAME "${name}: half ${half}"
      COMMAND ${name} --shard-count 2 --shard-index ${half} --allow-running-no-tests --min-duration 5 "${cases}")
    set_tests_properties("${name}: half ${half}" PROPERTIES TIMEOUT 1200 COST ${cost})
  endforeach()
endfunction()

# celeriac_wat(TARGET FILE.wat …): modules in the text format, made into FILE.wasm when the target is built. The target's
# sources find them in the folder that the macro CELERIAC_WASM names.
find_program(WAT2WASM wat2wasm REQUIRED)
function(celeriac_wat target)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}.wasm)
  foreach(source ${ARGN})
    cmake_path(GET source STEM stem)
    add_custom_command(OUTPUT ${folder}/${stem}.wasm
      COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
      COMMAND ${WAT2WASM} --debug-names ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${folder}/${stem}.wasm
      DEPENDS ${source} VERBATIM)
    target_sources(${target} PRIVATE ${folder}/${stem}.wasm)
  endforeach()
  target_compile_definitions(${target} PRIVATE CELERIAC_WASM="${folder}")
endfunction()
