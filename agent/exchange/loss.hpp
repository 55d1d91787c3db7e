// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "policy/model.hpp"
#include "policy/problem.hpp"

/// What gets lost when a policy is exported, in words.
namespace tollgate::exchange {

/// What happens to packets that no rule is about, by direction.
using Defaults = std::array<policy::Action, TG_DIRECTIONS>;

class Losses {
  public:
    /// @param there  the defaults of the text that is made
    Losses(std::vector<policy::Problem>& problems, const Defaults& there)
        : problems_{problems}, defaults_{there} {}

    /// The rule, or a part of it, is not in the text. What that means depends on its rank and on
    /// the default of its direction.
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
    Defaults defaults_;
};

}  // namespace tollgate::exchange
