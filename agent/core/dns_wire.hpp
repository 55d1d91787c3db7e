// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/core/dns_reader.hpp"

/// What the agent and the process that reads DNS messages tell each other, a packet of a
/// SOCK_SEQPACKET socket for each question and each answer:
///
///     question: number (32 bits), the message
///     answer:   the question's number, then fields of fixed sizes; what is not used is zero
namespace tollgate::agent {

[[nodiscard]] std::vector<std::byte> dns_question(std::uint32_t number,
                                                  std::span<const std::byte> message);

/// Bytes of every answer.
[[nodiscard]] std::size_t dns_answer_bytes();
/// An answer. @param reading none: the message is not readable
[[nodiscard]] std::vector<std::byte> dns_answer(std::uint32_t number,
                                                const std::optional<DnsReading>& reading);
/// Reads the message of a question. @pre it was made by dns_question()
[[nodiscard]] std::vector<std::byte> answer_dns_question(std::span<const std::byte> question);

/// Takes an answer, and believes nothing of it that the message does not bear out: the name is the
/// message's question, byte for byte, and each address is found in the bytes after it. The agent
/// compares; it does not parse the message.
/// @param question  what was asked
/// @return none: the other process says that the message is not readable. EPROTO: no reader of
///         ours has written this answer
[[nodiscard]] Result<std::optional<DnsReading>> take_dns_answer(
    std::span<const std::byte> answer,
    std::span<const std::byte> question);

}  // namespace tollgate::agent
