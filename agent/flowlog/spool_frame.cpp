// SPDX-License-Identifier: MIT
#include "agent/flowlog/spool_frame.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "agent/flowlog/big_endian.hpp"

namespace tollgate::agent {

namespace {

constexpr std::string_view kMagic = "TGBATCH1";
constexpr std::size_t kIdSizeAt = 9;
constexpr std::size_t kReservedAt = 10;
constexpr std::size_t kRecordsAt = 12;
constexpr std::size_t kBodySizeAt = 16;
constexpr std::size_t kChecksumAt = 20;

constexpr std::uint32_t kPolynomial = 0xedb88320;  // with its bits in reverse

constexpr std::array<std::uint32_t, 256> make_crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0U);
        }
        table.at(byte) = crc;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();

std::uint32_t get_big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint32_t number = 0;
    for (const char byte : bytes.substr(at, size)) {
        number = number << 8U | static_cast<unsigned char>(byte);
    }
    return number;
}

std::uint32_t checksum(std::string_view frame) {
    return crc32(frame.substr(kFrameHeaderBytes),
                 crc32(frame.substr(kIdSizeAt, kChecksumAt - kIdSizeAt)));
}

// The frame at the beginning, if it is whole and intact.
std::optional<std::string_view> first_frame(std::string_view bytes) {
    if (bytes.size() < kFrameHeaderBytes || !bytes.starts_with(kMagic)) {
        return std::nullopt;
    }
    const std::size_t id_size = get_big_endian(bytes, kIdSizeAt, 1);
    const std::size_t body_size = get_big_endian(bytes, kBodySizeAt, 4);
    const std::size_t size = kFrameHeaderBytes + id_size + body_size;
    if (id_size > kFrameIdMost || body_size > kFrameBodyMost || size > bytes.size() ||
        get_big_endian(bytes, kReservedAt, 2) != 0) {
        return std::nullopt;
    }
    const std::string_view frame = bytes.substr(0, size);
    return checksum(frame) == get_big_endian(frame, kChecksumAt, 4) ? std::optional{frame}
                                                                    : std::nullopt;
}

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t before) {
    std::uint32_t crc = ~before;
    for (const char byte : bytes) {
        crc = kCrcTable.at((crc ^ static_cast<unsigned char>(byte)) & 0xffU) ^ (crc >> 8U);
    }
    return ~crc;
}

std::string encode_frame(const Batch& batch) {
    assert(batch.id.size() <= kFrameIdMost && batch.body.size() <= kFrameBodyMost);
    std::string frame{kMagic};
    frame += '\0';
    append_big_endian(frame, static_cast<std::uint8_t>(batch.id.size()));
    append_big_endian(frame, std::uint16_t{0});
    append_big_endian(frame, batch.records);
    append_big_endian(frame, static_cast<std::uint32_t>(batch.body.size()));
    append_big_endian(frame, std::uint32_t{0});
    frame += batch.id;
    frame += batch.body;
    put_big_endian(frame, kChecksumAt, checksum(frame));
    return frame;
}

std::optional<Batch> decode_frame(std::string_view bytes) {
    const auto frame = first_frame(bytes);
    if (!frame || frame->size() != bytes.size()) {
        return std::nullopt;
    }
    const std::size_t id_size = get_big_endian(*frame, kIdSizeAt, 1);
    return Batch{std::string{frame->substr(kFrameHeaderBytes, id_size)},
                 get_big_endian(*frame, kRecordsAt, 4),
                 std::string{frame->substr(kFrameHeaderBytes + id_size)}};
}

SpoolFile read_frames(std::string_view content) {
    SpoolFile file;
    std::size_t at = 0;
    while (at < content.size()) {
        const auto frame = first_frame(content.substr(at));
        if (!frame) {
            const std::size_t next = std::min(content.find(kMagic, at + 1), content.size());
            file.damaged_bytes += next - at;
            at = next;
            continue;
        }
        if ((*frame)[kFrameStateAt] != kFrameDone) {
            file.waiting.push_back({at, frame->size(), get_big_endian(*frame, kRecordsAt, 4)});
        }
        at += frame->size();
    }
    return file;
}

}  // namespace tollgate::agent
