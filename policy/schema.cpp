// SPDX-License-Identifier: MIT
#include "policy/schema.hpp"

namespace tollgate::policy {

std::string_view policy_schema() {
    static constexpr std::string_view kSchema =
#include "policy_schema.inc"  // made by policy/CMakeLists.txt
        ;
    return kSchema;
}

}  // namespace tollgate::policy
