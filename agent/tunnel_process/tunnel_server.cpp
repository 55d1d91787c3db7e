// SPDX-License-Identifier: MIT
#include "agent/tunnel_process/tunnel_server.hpp"

#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

#include "agent/tunnel_process/tunnel_messages.hpp"

namespace tollgate::agent::tunnel_process {

namespace {

/// What a question holds, taken out of it.
template <typename... Values, typename Work>
Result<SecretBytes> with(const Message& question, Work work) {
    std::tuple<Values...> values;
    const bool is_sound =
        std::apply([&](auto&... each) { return decode(question.body, each...); }, values);
    return is_sound ? Result<SecretBytes>{std::apply(work, std::move(values))}
                    : failure(EPROTO, "read a message of the agent");
}

}  // namespace

Result<void> TunnelServer::serve() {
    while (true) {
        auto question = control_.receive();
        if (!question && question.error().code.value() == ECONNRESET) {
            return {};
        }
        if (!question) {
            return Failure{question.error()};
        }
        const auto body = answer(*question);
        auto sent = body ? control_.send(question->kind, *body) : Failure{body.error()};
        if (!sent) {
            return sent;
        }
        startup_memory_.tick();
    }
}

Result<SecretBytes> TunnelServer::answer(const Message& question) {
    switch (static_cast<TunnelCall>(question.kind)) {
        case TunnelCall::apply:
            return with<DeviceChange>(
                question, [&](const auto& change) { return encode(tunnel_.apply(change)); });
        case TunnelCall::set_peer_names:
            return with<PeerNames>(question, [&](auto names) {
                tunnel_.set_peer_names(std::move(names));
                return encode();
            });
        case TunnelCall::state:
            return encode(tunnel_.state());
        case TunnelCall::contacts:
            return with<std::vector<crypto::PublicKey>>(
                question, [&](const auto& peers) { return encode(tunnel_.contacts(peers)); });
        case TunnelCall::status:
            return encode(tunnel_.status());
        case TunnelCall::set_up:
            return with<bool>(question, [&](bool is_up) { return encode(tunnel_.set_up(is_up)); });
        case TunnelCall::keep_interface:
            return encode(SentError::of(tunnel_.keep_interface()));
        case TunnelCall::counters:
            return encode(tunnel_.counters().get().value_or(TunnelCounters{}));
        case TunnelCall::set_interfaces:
            return with<std::vector<GateInterface>>(question, [&](auto interfaces) {
                board_->set(std::move(interfaces));
                return encode();
            });
        case TunnelCall::ping:
            return encode();
        case TunnelCall::start:
            break;
    }
    return failure(EPROTO, "answer a question of the agent");
}

}  // namespace tollgate::agent::tunnel_process
