// SPDX-License-Identifier: MIT
#include "agent/tunnel/endpoint_watch.hpp"

#include <algorithm>

namespace tollgate::agent {

bool EndpointWatch::is_due(const PeerContact& contact, crypto::Instant now) {
    if (!is_lost(contact)) {
        delay_ = kRetryFirst;
        next_.reset();
        return false;
    }
    if (next_ && now < *next_) {
        return false;
    }
    next_ = now + delay_;
    delay_ = std::min(2 * delay_, kRetryLast);
    return true;
}

// Of several addresses the one after that which does not work is next, so that each gets its turn.
std::optional<Endpoint> EndpointWatch::answered(const Resolution& resolution,
                                                const PeerContact& contact) {
    problem_ = resolution ? "" : resolution.error().message();
    if (!resolution || !is_lost(contact)) {
        return std::nullopt;
    }
    const auto current =
        std::find_if(resolution->begin(), resolution->end(), [&](const Endpoint& endpoint) {
            return endpoint.same_place(contact.endpoint);
        });
    if (current == resolution->end()) {
        return resolution->front();
    }
    if (resolution->size() == 1) {
        return std::nullopt;
    }
    return current + 1 == resolution->end() ? resolution->front() : *(current + 1);
}

}  // namespace tollgate::agent
