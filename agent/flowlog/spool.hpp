// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string_view>

#include <tollgate/result.hpp>

#include "agent/flowlog/batch.hpp"
#include "agent/flowlog/spool_frame.hpp"

namespace tollgate::agent {

/// Batches that wait on disk, oldest first, in files of a folder of their own: NUMBER.spool. What
/// is in it survives the end of the daemon in any way. After a power cut, what the kernel had not
/// written yet is gone; a frame that is torn is noticed. Not thread-safe.
class Spool {
  public:
    struct Limits {
        std::uint64_t bytes = std::uint64_t{64} << 20U;  ///< of all files together
        std::size_t file_bytes = std::size_t{1} << 20U;  ///< a file is not begun anew before that
    };

    /// Makes the folder if there is none, and finds what an earlier run has left.
    /// @return as mkdir(2), open(2), read(2)
    [[nodiscard]] static Result<Spool> open(std::filesystem::path folder, Limits limits);

    /// Bytes of an earlier run that were no whole batch.
    [[nodiscard]] std::uint64_t damaged_bytes() const { return damaged_bytes_; }
    [[nodiscard]] bool empty() const { return files_.empty(); }
    /// Records in all batches.
    [[nodiscard]] std::uint64_t records() const { return records_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

    /// Adds a batch; if there is no room for it, the oldest file goes, with all that waits in it.
    /// @return EFBIG: it is larger than the spool; ENOSPC and whatever else write(2) says: the
    /// spool is as it was
    [[nodiscard]] Result<void> append(const Batch& batch);
    /// Records that were dropped for want of room, or could not be read again.
    [[nodiscard]] std::uint64_t lost() const { return lost_; }

    /// The oldest batch; it stays. @return nothing: there is none
    [[nodiscard]] std::optional<Batch> front();
    /// Files that were dropped for want of room. As long as it stays, front() stays.
    [[nodiscard]] std::uint64_t dropped_files() const { return dropped_files_; }
    /// The oldest batch is done. @pre not empty()
    void pop_front();

  private:
    struct File {
        std::uint64_t number = 0;
        std::size_t size = 0;
        std::deque<FramePlace> waiting;  ///< never empty
    };

    Spool(std::filesystem::path folder, Limits limits);
    [[nodiscard]] Result<void> load(std::uint64_t number);
    [[nodiscard]] std::filesystem::path path_of(std::uint64_t number) const;
    [[nodiscard]] Result<void> write(const File& file, std::string_view frame) const;
    void drop_oldest_file();
    void remove_oldest_file();

    std::filesystem::path folder_;
    Limits limits_;
    std::deque<File> files_;
    std::uint64_t next_number_ = 0;
    std::uint64_t first_own_ =
        0;  ///< nothing is added to files of an earlier run: they may be torn
    std::uint64_t records_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t dropped_files_ = 0;
    std::uint64_t damaged_bytes_ = 0;
};

}  // namespace tollgate::agent
