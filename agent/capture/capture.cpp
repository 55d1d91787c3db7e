// SPDX-License-Identifier: MIT
#include "agent/capture/capture.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <pcap/pcap.h>

namespace tollgate::agent {
namespace {

MacAddress mac_at(std::span<const std::byte> frame, std::size_t offset) {
    MacAddress mac;
    std::transform(frame.begin() + static_cast<std::ptrdiff_t>(offset),
                   frame.begin() + static_cast<std::ptrdiff_t>(offset + mac.bytes.size()),
                   mac.bytes.begin(),
                   [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
    return mac;
}

}  // namespace

void Capture::Close::operator()(void* reader) const noexcept {
    pcap_close(static_cast<pcap_t*>(reader));
}

Result<Capture> Capture::open(const std::filesystem::path& path) {
    std::array<char, PCAP_ERRBUF_SIZE> reason{};
    pcap_t* reader = pcap_open_offline(path.c_str(), reason.data());
    if (reader == nullptr) {
        const std::string text = reason.data();
        const bool named = text.find(path.string()) != std::string::npos;
        return failure("read capture " + (named ? text : path.string() + ": " + text));
    }
    Capture capture(path, reader);
    const int link_type = pcap_datalink(reader);
    if (link_type != DLT_EN10MB) {
        const char* name = pcap_datalink_val_to_name(link_type);
        return failure("read capture " + path.string() + ": link type " +
                       (name != nullptr ? name : std::to_string(link_type)) +
                       " instead of Ethernet; capture on one interface, not on \"any\"");
    }
    return capture;
}

Result<std::optional<CapturedFrame>> Capture::next() {
    auto* reader = static_cast<pcap_t*>(reader_.get());
    pcap_pkthdr* header = nullptr;
    const unsigned char* bytes = nullptr;
    const int result = pcap_next_ex(reader, &header, &bytes);
    if (result == PCAP_ERROR_BREAK) {
        return std::nullopt;
    }
    if (result != 1) {
        return failure("read capture " + path_.string() + ": " + pcap_geterr(reader));
    }
    const auto since_epoch =
        std::chrono::seconds(header->ts.tv_sec) + std::chrono::microseconds(header->ts.tv_usec);
    return CapturedFrame{policy::Timestamp(since_epoch),
                         std::as_bytes(std::span(bytes, header->caplen)),
                         header->len};
}

std::optional<policy::Direction> orientation(std::span<const std::byte> frame,
                                             const MacAddress& device) {
    constexpr std::size_t kHeaderSize = 14;
    if (frame.size() < kHeaderSize) {
        return std::nullopt;
    }
    const MacAddress destination = mac_at(frame, 0);
    if (mac_at(frame, destination.bytes.size()) == device) {
        return policy::Direction::egress;
    }
    if (destination == device || destination.is_group()) {
        return policy::Direction::ingress;
    }
    return std::nullopt;
}

}  // namespace tollgate::agent
