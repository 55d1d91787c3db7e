// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <tollgate/result.hpp>

#include "policy/problem.hpp"

namespace tollgate::agent {

/// Why a call of the control API is refused; the values are `error.code` of docs/control-api.md.
struct [[nodiscard]] Refusal {
    enum class Code : std::uint8_t {
        invalid,
        forbidden,
        not_found,
        pending,
        risk,
        same_connection,
        policy_invalid,
        internal,
        unavailable
    };

    Code code = Code::internal;
    std::string message;
    std::string hint;  ///< what to do; may be empty
    std::string risk;  ///< what `acceptRisk` must say to go on; only with Code::risk
    std::vector<policy::Problem> problems;  ///< only with Code::policy_invalid
};

template <typename T>
using Answer = Expected<T, Refusal>;

[[nodiscard]] inline Unexpected<Refusal> refuse(Refusal::Code code,
                                                std::string message,
                                                std::string hint = {}) {
    return Unexpected<Refusal>{Refusal{code, std::move(message), std::move(hint), {}, {}}};
}

[[nodiscard]] inline Unexpected<Refusal> refuse(const Error& error) {
    return refuse(Refusal::Code::internal, error.message());
}

}  // namespace tollgate::agent
