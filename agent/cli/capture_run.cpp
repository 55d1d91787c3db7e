// SPDX-License-Identifier: MIT
#include "agent/cli/capture_run.hpp"

namespace tollgate::cli {
namespace {

Result<std::uint64_t> read_capture(const std::string& file,
                                   const MacAddress& device,
                                   const FrameVisitor& visit) {
    auto capture = agent::Capture::open(file);
    if (!capture) {
        return Failure{capture.error()};
    }
    std::uint64_t frames = 0;
    while (true) {
        const auto frame = capture->next();
        if (!frame) {
            return Failure{frame.error()};
        }
        if (!*frame) {
            return frames;
        }
        if (const auto direction = agent::orientation((*frame)->bytes, device)) {
            visit(**frame, *direction);
            ++frames;
        }
    }
}

}  // namespace

Result<std::uint64_t> read_captures(std::span<const std::string> files,
                                    const MacAddress& device,
                                    const FrameVisitor& visit) {
    std::uint64_t total = 0;
    for (const std::string& file : files) {
        const auto frames = read_capture(file, device, visit);
        if (!frames) {
            return frames;
        }
        total += *frames;
    }
    return total;
}

}  // namespace tollgate::cli
