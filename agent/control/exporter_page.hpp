// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

/// The pages for monitoring, and how the process that speaks HTTP asks the agent for one: a byte
/// that names it; the answer is a head of two numbers of 32 bits, then the text.
namespace tollgate::agent {

enum class ExporterPage : std::uint8_t { metrics, live, ready };

/// "/metrics", "/livez", "/readyz"
[[nodiscard]] std::optional<ExporterPage> page_of(std::string_view path);

struct PageAnswer {
    int status = 200;  ///< of HTTP
    std::string text;
};
inline constexpr std::size_t kPageBytesMax = std::size_t{64} << 20U;

/// Both ends of a channel for pages: the one that asks has only so much patience with the one that
/// answers, and the other way round.
struct PageChannel {
    FileDescriptor agent;
    FileDescriptor exporter;
};
[[nodiscard]] Result<PageChannel> make_page_channel();

/// Asks for a page. @return EPROTO: no such answer; else as recv(2); then the channel is of no use
[[nodiscard]] Result<PageAnswer> ask_for_page(int channel, ExporterPage page);

/// Waits for a question and answers it.
/// @return false: there will be no other. The exporter is gone, does not take the answer, or asks
/// for what is no page
[[nodiscard]] bool answer_page(int channel, const std::function<PageAnswer(ExporterPage)>& answer);

}  // namespace tollgate::agent
