// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/model.hpp"
#include "policy/problem.hpp"

/// What gets lost when a policy is exported, in words.
namespace tollgate::exchange {

class Losses {
  public:
    explicit Losses(std::vector<policy::Problem>& problems) : problems_{problems} {}

    /// The rule, or a part of it, is not in the text. What that means depends on its rank.
    void left_out(const policy::Rule& rule, const std::string& why);
    /// The rule is in the text, but says something else.
    void changed(const policy::Rule& rule, const std::string& how);
    /// Of the policy as a whole.
    void general(const std::string& what, const std::string& hint = "");
    /// The policy cannot be exported at all.
    void refused(const std::string& why);

  private:
    void add(const policy::Rule& rule, const std::string& message, const std::string& hint);

    std::vector<policy::Problem>& problems_;
};

}  // namespace tollgate::exchange
