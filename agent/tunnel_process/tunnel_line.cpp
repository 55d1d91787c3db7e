// SPDX-License-Identifier: MIT
#include "agent/tunnel_process/tunnel_line.hpp"

#include <cerrno>

#include <sys/socket.h>

namespace tollgate::agent::tunnel_process {

namespace {

constexpr std::chrono::seconds kEndPatience{3};
constexpr std::chrono::milliseconds kEndNews{100};  // that come with the end of the line

}  // namespace

bool TunnelLine::send_locked(TunnelCall call,
                             const SecretBytes& question,
                             std::span<const int> descriptors) {
    const auto sent =
        channel_.send(static_cast<std::uint32_t>(call), question, descriptors, kPatience);
    if (!sent) {
        lose("took no question: " + sent.error().message());
    }
    return sent.has_value();
}

std::optional<SecretBytes> TunnelLine::receive_body(TunnelCall call) {
    auto answer = channel_.receive(kPatience);
    if (!answer) {
        lose("gave no answer: " + answer.error().message());
        return std::nullopt;
    }
    if (answer->kind != static_cast<std::uint32_t>(call) || !answer->descriptors.empty()) {
        lose("gave the answer to another question");
        return std::nullopt;
    }
    return std::move(answer->body);
}

// How it ended says more than that it did not answer.
void TunnelLine::lose(const std::string& reason) {
    if (end_) {
        return;
    }
    const auto ended = process_.wait(kEndNews);
    end_ = ended ? ended->message() : reason;
    process_.kill();
}

std::optional<std::string> TunnelLine::end() {
    const std::lock_guard lock{mutex_};
    if (!end_) {
        if (const auto ended = process_.wait(std::chrono::milliseconds{0})) {
            end_ = ended->message();
        }
    }
    return end_;
}

void TunnelLine::hang_up() {
    const std::lock_guard lock{mutex_};
    if (end_) {
        return;
    }
    end_ = "was stopped";
    ::shutdown(channel_.fd(), SHUT_RDWR);
    if (!process_.wait(kEndPatience)) {
        process_.kill();
    }
}

}  // namespace tollgate::agent::tunnel_process
