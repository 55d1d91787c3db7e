// SPDX-License-Identifier: MIT
#include "agent/audit/audit_log.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/report/log.hpp"
#include "agent/system/file.hpp"

namespace tollgate::agent {

namespace {

namespace fs = std::filesystem;

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr std::size_t kReadMax = std::size_t{64} << 20;

std::string name_of(std::uint64_t first) {
    return fmt::format("{:020}.jsonl", first);
}

/// As name_of(), or a name that begins with it; 0: neither.
std::uint64_t number_of(const fs::path& file) {
    const std::string name = file.stem();
    std::uint64_t number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    return number;
}

/// What is left of a file behind its last good line.
struct Tail {
    std::size_t good_bytes = 0;
    std::size_t line = 0;  ///< of the bad one, from 1
    std::string problem;   ///< empty: none
    bool torn = false;     ///< the bad line is the last, and has no end
};

Tail read_lines(std::string_view text, AuditCheck& check) {
    Tail tail;
    while (tail.good_bytes < text.size()) {
        ++tail.line;
        const std::size_t end = text.find('\n', tail.good_bytes);
        if (end == std::string_view::npos) {
            tail.torn = true;
            tail.problem = "half a record";
            return tail;
        }
        if (auto wrong = check.take(text.substr(tail.good_bytes, end - tail.good_bytes))) {
            tail.problem = std::move(*wrong);
            return tail;
        }
        tail.good_bytes = end + 1;
    }
    return tail;
}

}  // namespace

Result<std::vector<fs::path>> audit_files(const fs::path& folder) {
    auto files = entries_of(folder);
    if (files) {
        std::erase_if(*files, [](const fs::path& file) { return file.extension() != ".jsonl"; });
    }
    return files;
}

Result<AuditLog> AuditLog::open(const fs::path& folder, const Clock& clock, AuditLimits limits) {
    AuditLog log{folder, clock, limits};
    if (!make_folder(folder, kFolderMode)) {
        return log;  // note() tries again
    }
    auto found = log.resume();
    if (!found) {
        return Failure{found.error()};
    }
    if (*found) {
        log.note(std::move(**found));
    }
    return log;
}

// Only the last two files are read: the check of all is the command line's.
Result<std::optional<AuditRecord>> AuditLog::resume() {
    const auto files = audit_files(folder_);
    if (!files) {
        return Failure{files.error()};
    }
    AuditCheck check;
    for (std::size_t i = files->size() < 2 ? 0 : files->size() - 2; i < files->size(); ++i) {
        const fs::path& path = (*files)[i];
        const auto text = read_file(path, kReadMax);
        if (!text) {
            return Failure{text.error()};
        }
        Tail tail = read_lines(*text, check);
        head_ = check.head();
        const bool last = i + 1 == files->size();
        tail.torn = tail.torn && last;
        if (last && (tail.problem.empty() || tail.torn)) {
            static_cast<void>(open_file(path, tail.good_bytes));  // else note() begins another
        }
        if (!tail.problem.empty()) {
            const std::string place = fmt::format("{}:{}", path.string(), tail.line);
            warning_ = tail.torn ? ""
                                 : fmt::format(
                                       "the audit log is damaged: {}: {}; check it with "
                                       "`tollgate audit-log verify`",
                                       place,
                                       tail.problem);
            return std::optional{AuditRecord{0,
                                             "agent",
                                             tail.torn ? "audit-log/cut" : "audit-log/damaged",
                                             tail.problem,
                                             {{"place", place}}}};
        }
    }
    return std::optional<AuditRecord>{};
}

Result<void> AuditLog::open_file(const fs::path& path, std::size_t size) {
    FileDescriptor file{
        ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode)};
    if (!file || ::ftruncate(file.get(), static_cast<off_t>(size)) != 0) {
        return failure(errno, fmt::format("write to {}", path.string()));
    }
    file_ = std::move(file);
    size_ = size;
    return {};
}

// Behind a damaged log, which is not ours to go on with, the next number may be that of a file, or
// lower: the new file is the newest all the same.
Result<void> AuditLog::begin_file() {
    if (auto made = make_folder(folder_, kFolderMode); !made) {
        return made;
    }
    auto files = audit_files(folder_);
    if (!files) {
        return Failure{files.error()};
    }
    std::uint64_t number = head_.sequence + 1;
    for (const fs::path& file : *files) {
        number = std::max(number, number_of(file) + 1);
    }
    if (auto opened = open_file(folder_ / name_of(number), 0); !opened) {
        return opened;
    }
    const FileDescriptor folder{::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!folder || (::fsync(folder.get()) != 0 && errno != EINVAL)) {
        return failure(errno, fmt::format("sync folder {}", folder_.string()));
    }
    std::error_code error;
    for (std::size_t i = 0; i + limits_.files < files->size() + 1; ++i) {
        fs::remove((*files)[i], error);
    }
    return {};
}

Result<void> AuditLog::append(const std::string& line) {
    if (!file_ || (size_ > 0 && size_ + line.size() > limits_.file_bytes)) {
        if (auto begun = begin_file(); !begun) {
            return begun;
        }
    }
    const ssize_t written = ::write(file_.get(), line.data(), line.size());
    const int write_error = written < 0 ? errno : ENOSPC;
    const bool whole = written == static_cast<ssize_t>(line.size());
    if (whole && ::fdatasync(file_.get()) == 0) {
        size_ += line.size();
        return {};
    }
    const int error = whole ? errno : write_error;
    // A line that does not count must not stay in front of the next.
    if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) {
        file_.reset();
    }
    return failure(error, "write the audit log");
}

void AuditLog::note(AuditRecord record) {
    record.wall_ns = clock_->wall_ns();
    AuditHead next = head_;
    const std::string line = extend(next, record) + "\n";
    if (auto appended = append(line); !appended) {
        ++failures_;
        warning_ = fmt::format("{} records of the audit log could not be written: {}",
                               failures_,
                               appended.error().message());
        log(LogLevel::error,
            "audit.unwritten",
            {{"actor", record.actor},
             {"action", record.action},
             {"outcome", record.outcome},
             {"error", appended.error().message()}});
        return;
    }
    head_ = std::move(next);
    log(LogLevel::info,
        "audit",
        {{"actor", record.actor},
         {"action", record.action},
         {"outcome", record.outcome},
         {"head", head_.to_text()}});
}

}  // namespace tollgate::agent
