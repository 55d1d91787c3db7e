// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace tollgate::cli {

enum class Format : std::uint8_t { table, json, jsonl };

/// The flags that every command takes.
struct Options {
    std::string output = "table";  ///< table, json or jsonl; `learn --pcap`: the file to write
    bool no_headers = false;
    std::string color = "auto";  ///< auto, always or never
    bool quiet = false;          ///< nothing but errors, and what -o json was asked for
    double timeout_seconds = 10;
    std::filesystem::path socket = "/run/tollgate/control.sock";
    std::filesystem::path pin_dir = "/sys/fs/bpf/tollgate";

    [[nodiscard]] Format format() const {
        if (output == "json") {
            return Format::json;
        }
        return output == "jsonl" ? Format::jsonl : Format::table;
    }
    [[nodiscard]] std::chrono::milliseconds timeout() const {
        return std::chrono::milliseconds{static_cast<std::int64_t>(timeout_seconds * 1000)};
    }
};

}  // namespace tollgate::cli
