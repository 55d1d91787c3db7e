// SPDX-License-Identifier: MIT
#include "agent/system/processor.hpp"

#include <sys/utsname.h>

namespace tollgate::agent {

bool is_arm32(std::string_view machine) {
    return machine.substr(0, 4) == "armv";
}

bool is_arm32() {
    utsname names{};
    return ::uname(&names) == 0 && is_arm32(names.machine);
}

}  // namespace tollgate::agent
