// SPDX-License-Identifier: MIT
#include "tests/differential/capture.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <set>
#include <span>
#include <string>

#include <pcap/pcap.h>

namespace tollgate::test {
namespace {

// Bytes before the IP packet, for link types without an Ethernet header.
std::optional<std::size_t> link_header(int link_type) {
    switch (link_type) {
        case DLT_RAW:
        case DLT_IPV4:
        case DLT_IPV6:
            return 0;
        case DLT_NULL:
        case DLT_LOOP:
            return 4;
        case DLT_LINUX_SLL:
            return 16;
        default:
            return std::nullopt;
    }
}

std::optional<Bytes> to_ethernet(int link_type, std::span<const std::byte> packet) {
    if (link_type == DLT_EN10MB) {
        return Bytes(packet.begin(), packet.end());
    }
    const auto skipped = link_header(link_type);
    if (!skipped || packet.size() <= *skipped) {
        return std::nullopt;
    }
    const auto ip = packet.subspan(*skipped);
    const auto version = std::to_integer<unsigned>(ip[0]) >> 4U;
    if (version != 4 && version != 6) {
        return std::nullopt;
    }
    return ethernet({}, version == 4 ? 0x0800 : 0x86dd, Bytes(ip.begin(), ip.end()));
}

}  // namespace

std::optional<std::filesystem::path> corpus() {
    const char* given = std::getenv("TOLLGATE_CORPUS");
    const std::filesystem::path folder = given != nullptr ? given : "../shared/corpus";
    if (std::filesystem::is_directory(folder)) {
        return folder;
    }
    return std::nullopt;
}

std::vector<std::filesystem::path> captures_under(const std::filesystem::path& folder) {
    static const std::set<std::string> kEndings{".pcap", ".pcapng", ".trace", ".cap"};
    std::vector<std::filesystem::path> captures;
    std::error_code error;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
        if (entry.is_regular_file() && kEndings.contains(entry.path().extension())) {
            captures.push_back(entry.path());
        }
    }
    std::sort(captures.begin(), captures.end());
    return captures;
}

std::vector<Bytes> read_frames(const std::filesystem::path& capture) {
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    const std::unique_ptr<pcap_t, decltype(&pcap_close)> file(
        pcap_open_offline(capture.c_str(), error.data()), &pcap_close);
    std::vector<Bytes> frames;
    if (!file) {
        return frames;
    }
    pcap_pkthdr* header = nullptr;
    const unsigned char* bytes = nullptr;
    while (pcap_next_ex(file.get(), &header, &bytes) == 1) {
        const auto packet = std::as_bytes(std::span(bytes, header->caplen));
        if (auto frame = to_ethernet(pcap_datalink(file.get()), packet)) {
            frames.push_back(*std::move(frame));
        }
    }
    return frames;
}

}  // namespace tollgate::test
