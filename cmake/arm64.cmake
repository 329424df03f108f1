# Toolchain of the preset arm64: Debian's cross compiler, the libraries of a Debian 13 for arm64, and QEMU to run what was
# built. `scripts/test --arm64` and `scripts/package --arch arm64` make that Debian and name its folder.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)

set(CELERIAC_SYSROOT "$ENV{CELERIAC_SYSROOT}" CACHE PATH "A Debian 13 for arm64")
if(NOT IS_DIRECTORY "${CELERIAC_SYSROOT}")
  message(FATAL_ERROR "The preset arm64 is built by scripts/test --arm64 or scripts/package --arch arm64, which set CELERIAC_SYSROOT.")
endif()
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CELERIAC_SYSROOT)

set(CMAKE_SYSROOT ${CELERIAC_SYSROOT})
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64;-L;${CELERIAC_SYSROOT})

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
foreach(kind LIBRARY INCLUDE PACKAGE)
  set(CMAKE_FIND_ROOT_PATH_MODE_${kind} ONLY)
endforeach()
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CELERIAC_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${CELERIAC_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${CELERIAC_SYSROOT}/usr/share/pkgconfig)
