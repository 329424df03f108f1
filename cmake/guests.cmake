# Guest modules that the build makes: for tests, measurements and examples.
#
# celeriac_wasm_c(NAME SOURCES FILE… [MODE reactor|command|bare] [OPTIONS …] [LINK_OPTIONS …]) builds NAME.wasm with
# guest/sdk/celeriac-cc: of C, of C++, or of one file of WebAssembly text. NAME is then something to depend on:
#
#   celeriac_wasm_c(kinode-echo SOURCES kinode-echo.c)
#   celeriac_tests(my-tests SOURCES my_test.cpp DEPENDS kinode-echo)    # my_test.cpp: read_file(KINODE_ECHO_WASM)
#
# What depends on it is built after it, and knows its path as a macro: the name in capitals, with _WASM behind it. The
# default mode is bare: no libc, nothing imported but what the source asks for.
function(celeriac_wasm_c name)
  cmake_parse_arguments(arg "" "MODE" "SOURCES;OPTIONS;LINK_OPTIONS" ${ARGN})
  if(NOT arg_MODE)
    set(arg_MODE bare)
  endif()
  list(TRANSFORM arg_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]")
  set(compiler ${PROJECT_SOURCE_DIR}/guest/sdk/celeriac-cc)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${name}.wasm)
  add_custom_command(OUTPUT ${out}
    COMMAND ${compiler} --${arg_MODE} ${arg_SOURCES} -o ${out} --depfile ${out}.d -Werror ${arg_OPTIONS} ${arg_LINK_OPTIONS}
    DEPENDS ${arg_SOURCES} ${compiler}
    DEPFILE ${out}.d
    COMMENT "Guest ${name}.wasm"
    VERBATIM)
  celeriac_built_wasm(${name} ${out})
endfunction()

# celeriac_built_wasm(NAME FILE): makes FILE, the output of a custom command, something to depend on, as above.
function(celeriac_built_wasm name out)
  add_custom_target(${name}-wasm ALL DEPENDS ${out})
  add_library(${name} INTERFACE)
  add_dependencies(${name} ${name}-wasm)
  string(TOUPPER ${name} macro)
  string(REGEX REPLACE "[^A-Z0-9]" "_" macro ${macro})
  target_compile_definitions(${name} INTERFACE ${macro}_WASM="${out}")
  set_target_properties(${name} PROPERTIES CELERIAC_WASM ${out})
endfunction()

# celeriac_guest_package(NAME MODULES TARGET=FILE …): packs examples like examples/guests/NAME: its manifest, its metadata, its own pkg/ and modules that
# the build makes, each under the name that the manifest has. The package is NAME.celeriac beside them; NAME-package is what to depend on.
function(celeriac_guest_package name)
  cmake_parse_arguments(arg "" "" "MODULES" ${ARGN})
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${name}.celeriac)
  set(directory ${CMAKE_CURRENT_SOURCE_DIR}/${name})
  set(packer ${PROJECT_SOURCE_DIR}/guest/sdk/celeriac-package)
  set(added)
  set(modules)
  foreach(each ${arg_MODULES})
    string(REPLACE "=" ";" parts ${each})
    list(GET parts 0 target)
    list(GET parts 1 file)
    if(TARGET ${target})
      get_target_property(path ${target} CELERIAC_WASM)
    else()
      set(path ${CMAKE_CURRENT_SOURCE_DIR}/${target})
    endif()
    list(APPEND added --add ${path}=${file})
    list(APPEND modules ${path})
  endforeach()
  add_custom_command(OUTPUT ${out}
    COMMAND ${packer} ${directory} -o ${out} ${added}
    DEPENDS ${packer} ${directory}/manifest.json ${directory}/metadata.json ${modules}
    COMMENT "Package ${name}.celeriac"
    VERBATIM)
  add_custom_target(${name}-package ALL DEPENDS ${out})
endfunction()
