// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tollgate::test {

/// The lines of a file, each of which must be JSON. A last line without an end is a failure.
inline std::vector<nlohmann::json> flow_log_lines(const std::filesystem::path& path) {
    std::ifstream file{path};
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(file, line);) {
        EXPECT_FALSE(file.eof()) << "no line break at the end of " << path;
        lines.push_back(nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false));
        EXPECT_TRUE(lines.back().is_object()) << line;
    }
    return lines;
}

}  // namespace tollgate::test
