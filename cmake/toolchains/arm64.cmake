# 64-bit boards and cloud machines with ARM processors (ARMv8-A).
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(TOLLGATE_DEBIAN_ARCHITECTURE arm64)
set(TOLLGATE_TRIPLET aarch64-linux-gnu)
set(TOLLGATE_EMULATOR qemu-aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
