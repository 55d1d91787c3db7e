// SPDX-License-Identifier: MIT
#include "agent/tunnel_process/tunnel_messages.hpp"

#include "agent/tunnel/tun_error.hpp"

namespace tollgate::agent::tunnel_process {

SentError SentError::of(const Result<void>& result) {
    if (result) {
        return {};
    }
    const Error& error = result.error();
    return {true,
            error.code == TunError::other_kind,
            error.code.category() == std::generic_category() ? error.code.value() : 0,
            error.context};
}

Result<void> SentError::result() const {
    if (!is_error) {
        return {};
    }
    if (is_other_kind) {
        return Failure{Error{TunError::other_kind, context}};
    }
    return number == 0 ? failure(context) : failure(number, context);
}

}  // namespace tollgate::agent::tunnel_process
