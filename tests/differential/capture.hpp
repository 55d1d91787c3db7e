// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "tests/support/frame.hpp"

namespace tollgate::test {

/// The folder of captures: TOLLGATE_CORPUS, else ../shared/corpus beside the repository.
[[nodiscard]] std::optional<std::filesystem::path> corpus();

/// All captures (.pcap, .pcapng, .trace) under a folder, in the order of their paths.
[[nodiscard]] std::vector<std::filesystem::path> captures_under(
    const std::filesystem::path& folder);

/// The Ethernet frames of a capture as far as it can be read. Frames of other link types have an
/// Ethernet header put before their IP packet; those that are not IP are left out.
[[nodiscard]] std::vector<Bytes> read_frames(const std::filesystem::path& capture);

}  // namespace tollgate::test
