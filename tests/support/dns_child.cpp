// SPDX-License-Identifier: MIT
// What DnsService starts in its tests: the process that reads DNS messages, or one that was taken
// over.
//
//   dns_child --role=NAME   dns, liar, talker, closer, silent
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "agent/core/dns_process.hpp"
#include "agent/core/dns_wire.hpp"

namespace {

using namespace tollgate::agent;

void tell(std::span<const std::byte> bytes) {
    ::send(ChildProcess::kChannel, bytes.data(), bytes.size(), 0);
}

int wait_for_ever() {
    for (;;) {
        ::pause();
    }
}

// Says of every message that another name was asked for.
int lie() {
    std::array<std::byte, 2048> question{};
    for (;;) {
        const ssize_t size = ::recv(ChildProcess::kChannel, question.data(), question.size(), 0);
        if (size <= 0) {
            return 0;
        }
        std::uint32_t number = 0;
        std::copy_n(
            question.begin(), sizeof number, std::as_writable_bytes(std::span{&number, 1}).begin());
        tell(dns_answer(number, DnsReading{"bank.example", {}}));
    }
}

int play(const std::string& role) {
    if (role == kDnsRole) {
        return run_dns({});
    }
    if (!begin_child()) {
        return 10;
    }
    const ConfinementReport report;
    tell(std::as_bytes(std::span{&report, 1}));
    if (role == "liar") {
        return lie();
    }
    if (role == "talker") {
        tell(dns_answer(1, std::nullopt));
    }
    if (role == "closer") {
        ::close(ChildProcess::kChannel);
    }
    return wait_for_ever();
}

}  // namespace

int main(int argc, char** argv) {
    const auto role = role_of({argv + 1, argv + argc});
    return role ? play(*role) : 1;
}
