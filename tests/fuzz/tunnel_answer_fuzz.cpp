// SPDX-License-Identifier: MIT
// What a tunnel's process that was taken over may answer: the first byte of the input is the kind
// of answer. What is taken is a value of its type, which arrives whole when it is sent once more.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "agent/tunnel_process/tunnel_messages.hpp"

namespace {

using namespace tollgate::agent::tunnel_process;

template <typename Answer>
void take(std::span<const std::byte> bytes) {
    Answer answer{};
    if (!decode(bytes, answer)) {
        return;
    }
    const SecretBytes sent = encode(answer);
    Answer again{};
    if (sent.size() != bytes.size() || !decode(sent, again) || encode(again) != sent) {
        std::abort();
    }
}

constexpr std::array kAnswers{&take<StartReport>,
                              &take<tollgate::agent::DeviceState>,
                              &take<tollgate::agent::TunnelStatus>,
                              &take<tollgate::agent::TunnelCounters>,
                              &take<std::vector<tollgate::agent::PeerContact>>,
                              &take<SentError>};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0) {
        kAnswers.at(data[0] % kAnswers.size())(std::as_bytes(std::span{data, size}).subspan(1));
    }
    return 0;
}
