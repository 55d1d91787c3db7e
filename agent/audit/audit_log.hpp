// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/audit/audit_chain.hpp"
#include "agent/system/clock.hpp"
#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// The files of the audit log in their order: FOLDER/NUMBER.jsonl, by the number of their first
/// record. @return as opendir(3)
[[nodiscard]] Result<std::vector<std::filesystem::path>> audit_files(
    const std::filesystem::path& folder);

struct AuditLimits {
    std::size_t file_bytes = std::size_t{1} << 20;
    std::size_t files = 16;  ///< the oldest goes when there are more
};

/// Appends records, each on the disk before note() returns. Not thread-safe.
///
/// Nothing that an administrator does waits for this log: what cannot be written is counted, told
/// in warning() and in the service's log. A person at a full disk must be able to open the gate.
class AuditLog {
  public:
    /// Goes on where the log in `folder` (made with mode 0700) ends. Half a record at the end, as a
    /// crash leaves it, is cut off; a damaged log is left as it is, and a new file goes on with the
    /// last good record. Either is a record of its own. What cannot be written is no error here:
    /// note() tries again.
    /// @return as opendir(3), read(2)
    [[nodiscard]] static Result<AuditLog> open(const std::filesystem::path& folder,
                                               const Clock& clock,
                                               AuditLimits limits = {});

    /// @param record  its time is filled in
    void note(AuditRecord record);

    [[nodiscard]] const AuditHead& head() const { return head_; }
    /// Records that could not be written since the start.
    [[nodiscard]] std::uint64_t failures() const { return failures_; }
    /// What is wrong with the log; empty: nothing.
    [[nodiscard]] const std::string& warning() const { return warning_; }

  private:
    AuditLog(std::filesystem::path folder, const Clock& clock, AuditLimits limits)
        : folder_{std::move(folder)}, clock_{&clock}, limits_{limits} {}

    /// Reads what is there. @return what to note about it
    Result<std::optional<AuditRecord>> resume();
    Result<void> append(const std::string& line);
    Result<void> open_file(const std::filesystem::path& path, std::size_t size);
    Result<void> begin_file();

    std::filesystem::path folder_;
    const Clock* clock_;
    AuditLimits limits_;
    AuditHead head_;
    FileDescriptor file_;
    std::size_t size_ = 0;
    std::uint64_t failures_ = 0;
    std::string warning_;
};

}  // namespace tollgate::agent
