// SPDX-License-Identifier: MIT
// What a file of the spool says: every frame that is found is whole, and after it nothing else is
// read as part of it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/flowlog/spool_frame.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tollgate::agent;
    const std::string_view content{reinterpret_cast<const char*>(data), size};
    const SpoolFile file = read_frames(content);
    std::size_t end = 0;
    std::size_t whole = 0;
    for (const FramePlace& place : file.waiting) {
        const auto batch = decode_frame(content.substr(place.offset, place.size));
        if (place.offset < end || !batch || batch->records != place.records ||
            encode_frame(*batch).size() != place.size) {
            __builtin_trap();
        }
        end = place.offset + place.size;
        whole += place.size;
    }
    if (whole + file.damaged_bytes > size) {
        __builtin_trap();
    }
    return 0;
}
