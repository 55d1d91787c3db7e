# Included by the toolchain files beside this one, which say which compiler. Libraries and headers are those that
# tools/cross has unpacked into build/cross/ARCHITECTURE/sysroot, and nothing of the machine that builds; programs
# of the build (clang for BPF, bpftool, scdoc) are of that machine. Tests run under qemu-user.
set(CMAKE_SYSTEM_NAME Linux)
get_filename_component(CMAKE_SYSROOT
    ${CMAKE_CURRENT_LIST_DIR}/../../build/cross/${TOLLGATE_DEBIAN_ARCHITECTURE}/sysroot ABSOLUTE)
set(CMAKE_C_COMPILER ${TOLLGATE_TRIPLET}-gcc)
set(CMAKE_CXX_COMPILER ${TOLLGATE_TRIPLET}-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR ${TOLLGATE_EMULATOR} -L ${CMAKE_SYSROOT})

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/${TOLLGATE_TRIPLET}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
