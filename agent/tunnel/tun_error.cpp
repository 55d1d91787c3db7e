// SPDX-License-Identifier: MIT
#include "agent/tunnel/tun_error.hpp"

#include <string>

namespace tollgate::agent {

namespace {

class TunCategory : public std::error_category {
  public:
    [[nodiscard]] const char* name() const noexcept override { return "tun"; }
    [[nodiscard]] std::string message(int /*error*/) const override {
        return "the interface exists and is of another kind";
    }
};

}  // namespace

std::error_code make_error_code(TunError error) {
    static const TunCategory kCategory;
    return {static_cast<int>(error), kCategory};
}

}  // namespace tollgate::agent
