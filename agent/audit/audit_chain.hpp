// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The text of the audit log. Each line is a JSON object that names the hash of the line before and
/// ends with its own, so that no line can be changed, removed, added or moved without the lines
/// behind it telling:
///
///     {"sequence":7,"time":"…","actor":"…",…,"previous":"HASH OF LINE 6","hash":"HASH"}
///
/// HASH is the SHA-256 of all of the line in front of `,"hash":`, in hexadecimal.
namespace tollgate::agent {

/// Longer lines are refused, and texts of records cut.
constexpr std::size_t kAuditLineBytesMax = std::size_t{16} << 10;

/// Something that was done, or asked for and refused.
struct AuditRecord {
    std::int64_t wall_ns = 0;
    std::string actor;    ///< "uid 0, pid 4711", "deadline", "signal"
    std::string action;   ///< "policy/apply", "agent/start"
    std::string outcome;  ///< "done", or why not
    std::vector<std::pair<std::string, std::string>> details;
};

/// The newest line of a chain. As text "7:HASH".
struct AuditHead {
    std::uint64_t sequence = 0;  ///< 0: there is no line yet
    std::string hash = std::string(64, '0');

    bool operator==(const AuditHead&) const = default;
    [[nodiscard]] std::string to_text() const;
    [[nodiscard]] static std::optional<AuditHead> parse(std::string_view text);
};

/// Writes the line, without its end, that follows `head`, and makes it the head.
[[nodiscard]] std::string extend(AuditHead& head, const AuditRecord& record);

/// Checks lines in their order. The first line may have any number: older ones are given away when
/// the log is full.
class AuditCheck {
  public:
    /// @param line  without its end @return what is wrong with it; then it is not part of the chain
    [[nodiscard]] std::optional<std::string> take(std::string_view line);

    /// The last line that was in order.
    [[nodiscard]] const AuditHead& head() const { return head_; }
    /// The number of the first; 0: there was none.
    [[nodiscard]] std::uint64_t first() const { return first_; }

  private:
    AuditHead head_;
    std::uint64_t first_ = 0;
};

}  // namespace tollgate::agent
