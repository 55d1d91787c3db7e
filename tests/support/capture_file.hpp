// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "policy/flow_record.hpp"
#include "tests/support/frame.hpp"

namespace tollgate::test {

/// A pcap file (little endian, microseconds) in a folder of its own, removed with it.
class CaptureFile {
  public:
    explicit CaptureFile(std::uint32_t link_type = 1) {
        std::string name =
            (std::filesystem::temp_directory_path() / "tollgate-capture-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        put32(0xa1b2c3d4);
        put32(0x00040002);  // version 2.4
        put32(0);
        put32(0);
        put32(65535);
        put32(link_type);
    }
    CaptureFile(const CaptureFile&) = delete;
    CaptureFile& operator=(const CaptureFile&) = delete;
    ~CaptureFile() { std::filesystem::remove_all(folder_); }

    /// @param captured how much of the frame the file has; 0: all
    void add(policy::Timestamp at, const Bytes& frame, std::size_t captured = 0) {
        const auto size = static_cast<std::uint32_t>(captured == 0 ? frame.size() : captured);
        const std::int64_t time = at.time_since_epoch().count();
        put32(static_cast<std::uint32_t>(time / 1000000));
        put32(static_cast<std::uint32_t>(time % 1000000));
        put32(size);
        put32(static_cast<std::uint32_t>(frame.size()));
        content_.insert(content_.end(), frame.begin(), frame.begin() + size);
    }
    /// Takes bytes from the end.
    void cut(std::size_t bytes) { content_.resize(content_.size() - bytes); }

    /// Writes the file. @return its path
    [[nodiscard]] std::filesystem::path write() const {
        std::ofstream file(folder_ / "test.pcap", std::ios::binary);
        for (const std::byte byte : content_) {
            file.put(static_cast<char>(byte));
        }
        return folder_ / "test.pcap";
    }

  private:
    void put32(std::uint32_t value) {
        for (unsigned shift = 0; shift < 32; shift += 8) {
            append8(content_, value >> shift & 0xffU);
        }
    }

    std::filesystem::path folder_;
    Bytes content_;
};

}  // namespace tollgate::test
