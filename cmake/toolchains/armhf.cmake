# 32-bit boards with ARMv7 processors and a floating-point unit.
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(TOLLGATE_DEBIAN_ARCHITECTURE armhf)
set(TOLLGATE_TRIPLET arm-linux-gnueabihf)
set(TOLLGATE_EMULATOR qemu-arm)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
# What changed in the calling convention with g++ 7 is no news for what g++ 12 compiles as a whole.
add_compile_options(-Wno-psabi)
