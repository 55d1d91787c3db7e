// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <tollgate/result.hpp>

#include "policy/learn.hpp"

namespace tollgate::policy {

/// The learner's evidence on disk: services, names, watched hours, decisions, recent flows. One
/// SQLite database (WAL); the only part of Tollgate that knows SQLite. Not thread-safe.
class EvidenceStore {
  public:
    struct Options {
        std::uint64_t bytes_max = 64 << 20;  ///< the file stops growing there
        std::chrono::hours history{48};      ///< recent flows older than the newest by more go away
    };

    /// Opens or creates the database. One of the schema before, which did not note links, is
    /// brought up to date and loses nothing. One that is corrupt, or of a schema that this version
    /// does not know, is renamed to PATH.corrupt-TIME and replaced by an empty one: see warning().
    /// Errors: the folder cannot be written, the disk is full.
    [[nodiscard]] static Result<std::unique_ptr<EvidenceStore>> open(
        const std::filesystem::path& path,
        const Options& options);
    [[nodiscard]] static Result<std::unique_ptr<EvidenceStore>> open(
        const std::filesystem::path& path) {
        return open(path, Options{});
    }

    /// In memory, where there is no file to be had: empty, and gone with this object.
    /// @param warning  for warning(): why, and what that means
    [[nodiscard]] static Result<std::unique_ptr<EvidenceStore>> in_memory(std::string warning);

    EvidenceStore(const EvidenceStore&) = delete;
    EvidenceStore& operator=(const EvidenceStore&) = delete;
    ~EvidenceStore();

    /// What happened to the database that was there, in words; empty if it was fine.
    [[nodiscard]] const std::string& warning() const;

    /// Puts everything that is stored into a learner.
    Result<void> load(Learner& learner);

    /// Writes what has changed in the learner since the last save, in one transaction. On an error
    /// (disk full, size bound reached) the database is as before; the learner goes on in memory and
    /// the next save tries again.
    Result<void> save(const Learner& learner);

  private:
    struct Database;
    explicit EvidenceStore(std::unique_ptr<Database> database);

    std::unique_ptr<Database> database_;
};

}  // namespace tollgate::policy
