// SPDX-License-Identifier: MIT
#include "agent/flowlog/json_file_sink.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/flowlog/record_json.hpp"
#include "agent/report/log.hpp"
#include "agent/system/file.hpp"

namespace tollgate::agent {

namespace {

namespace fs = std::filesystem;

constexpr mode_t kMode = 0640;
constexpr mode_t kFolderMode = 0750;
constexpr std::size_t kWriteBytes = std::size_t{64} << 10U;
constexpr std::string_view kLineBegins = R"({"apiVersion":"tollgate/v1","kind":"FlowLog",)";

Failure failed(std::string_view action, const fs::path& path) {
    return failure(errno, fmt::format("{} {}", action, path.string()));
}

fs::path numbered(const fs::path& path, std::uint32_t number) {
    return number == 0 ? path : fs::path{fmt::format("{}.{}", path.string(), number)};
}

// A new file has its mode whatever the umask; one that is there keeps what it has. Never a FIFO,
// which would make us wait, nor where a link leads to.
FileDescriptor open_or_make(const fs::path& path) {
    constexpr int kFlags = O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY;
    FileDescriptor file{::open(path.c_str(), kFlags)};
    if (file || errno != ENOENT) {
        return file;
    }
    file = FileDescriptor{::open(path.c_str(), kFlags | O_CREAT | O_EXCL, kMode)};
    if (file && ::fchmod(file.get(), kMode) != 0) {
        file.reset();
    }
    return file;
}

// What is behind the last line break.
std::string read_tail(int file, std::uint64_t size) {
    std::string tail(static_cast<std::size_t>(std::min<std::uint64_t>(size, kFlowLogJsonMax)),
                     '\0');
    const auto from = static_cast<off_t>(size - tail.size());
    const ssize_t count = ::pread(file, tail.data(), tail.size(), from);
    tail.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return tail.substr(tail.rfind('\n') + 1);
}

bool is_torn_line(std::string_view tail) {
    return tail.starts_with(kLineBegins) || kLineBegins.starts_with(tail);
}

// Cuts off a torn line; ends what is no line of ours.
bool end_last_line(int file, std::uint64_t size) {
    const std::string tail = read_tail(file, size);
    if (tail.empty()) {
        return true;
    }
    return is_torn_line(tail) ? ::ftruncate(file, static_cast<off_t>(size - tail.size())) == 0
                              : ::write(file, "\n", 1) == 1;
}

std::size_t write_until_error(int file, std::string_view text) {
    std::size_t written = 0;
    while (written < text.size()) {
        const ssize_t count = ::write(file, text.data() + written, text.size() - written);
        if (count < 0 && errno != EINTR) {
            break;
        }
        written += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    return written;
}

void cut(int file, std::size_t bytes) {
    struct stat status {};
    if (bytes > 0 && ::fstat(file, &status) == 0) {
        [[maybe_unused]] const int done =
            ::ftruncate(file, status.st_size - static_cast<off_t>(bytes));
    }
}

}  // namespace

void JsonFileSink::write(std::span<const FlowLogRecord> records) {
    open_if_closed();
    tell_losses();
    std::string line;
    for (const FlowLogRecord& record : records) {
        line.clear();
        append_json(line, record);
        line += '\n';
        make_room(line.size());
        lines_ += line;
        ++lines_count_;
    }
    write_lines();
}

void JsonFileSink::open_if_closed() {
    if (!file_) {
        note(open(), write_problem_);
    }
}

void JsonFileSink::tell_losses() {
    if (lost_untold_ == 0) {
        return;
    }
    FlowLogRecord record;
    record.type = FlowLogType::lost;
    record.flow.last_seen =
        std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    record.losses.records = lost_untold_;
    std::string line;
    append_json(line, record);
    line += '\n';
    if (append(line) > 0) {
        lost_untold_ = 0;
    }
}

void JsonFileSink::make_room(std::size_t bytes) {
    const std::size_t more = lines_.size() + bytes;
    if (more > kWriteBytes || size_ + more > options_.rotate_bytes) {
        write_lines();
    }
    if (size_ > 0 && size_ + bytes > options_.rotate_bytes) {
        rotate();
    }
}

void JsonFileSink::rotate() {
    const auto renamed = rename_all();
    note(renamed, rotate_problem_);
    size_ = 0;
    if (renamed) {
        file_.reset();
        open_if_closed();
    }
}

// From the oldest on: a crash in between leaves a gap in the numbers, and every line.
Result<void> JsonFileSink::rename_all() {
    for (std::uint32_t number = options_.rotate_count; number > 0; --number) {
        const fs::path younger = numbered(options_.path, number - 1);
        if (::rename(younger.c_str(), numbered(options_.path, number).c_str()) != 0 &&
            errno != ENOENT) {
            return failed("rotate", younger);
        }
    }
    return {};
}

void JsonFileSink::write_lines() {
    if (lines_.empty()) {
        return;
    }
    const std::size_t bytes = append(lines_);
    const auto whole = static_cast<std::uint64_t>(
        std::count(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(bytes), '\n'));
    counters_.written += whole;
    counters_.lost += lines_count_ - whole;
    lost_untold_ += lines_count_ - whole;
    lines_.clear();
    lines_count_ = 0;
}

std::size_t JsonFileSink::append(std::string_view lines) {
    open_if_closed();
    if (!file_) {
        return 0;
    }
    const std::size_t written = write_until_error(file_.get(), lines);
    size_ += written;
    if (written == lines.size()) {
        note({}, write_problem_);
        return written;
    }
    note(failed("write to", options_.path), write_problem_);
    const std::size_t whole = lines.substr(0, written).rfind('\n') + 1;
    cut(file_.get(), written - whole);
    file_.reset();  // open() tries again to cut off what there is of a line
    return whole;
}

Result<void> JsonFileSink::open() {
    FileDescriptor file = open_or_make(options_.path);
    if (!file && errno == ENOENT && options_.path.has_parent_path()) {
        if (auto made = make_folder(options_.path.parent_path(), kFolderMode); !made) {
            return made;
        }
        file = open_or_make(options_.path);
    }
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) {
        return failed("open", options_.path);
    }
    if (!S_ISREG(status.st_mode)) {
        return failure(fmt::format("{} is not a regular file", options_.path.string()));
    }
    if (!end_last_line(file.get(), static_cast<std::uint64_t>(status.st_size)) ||
        ::fstat(file.get(), &status) != 0) {
        return failed("end the last line of", options_.path);
    }
    file_ = std::move(file);
    size_ = static_cast<std::uint64_t>(status.st_size);
    return {};
}

void JsonFileSink::flush(std::chrono::steady_clock::time_point /*now*/) {
    struct stat ours {};
    struct stat named {};
    if (!file_ || ::fstat(file_.get(), &ours) != 0) {
        return;
    }
    size_ = static_cast<std::uint64_t>(ours.st_size);  // somebody may have cut it
    if (::stat(options_.path.c_str(), &named) != 0 || named.st_ino != ours.st_ino ||
        named.st_dev != ours.st_dev) {
        file_.reset();
        size_ = 0;
    }
}

void JsonFileSink::close(std::chrono::milliseconds /*patience*/) {
    file_.reset();
}

void JsonFileSink::note(const Result<void>& outcome, std::string& problem) {
    const std::string now = outcome ? std::string{} : outcome.error().message();
    counters_.errors += outcome ? 0 : 1;
    if (now == problem) {
        return;
    }
    problem = now;
    if (now.empty()) {
        log(LogLevel::info, "flow_log.recovered", {{"sink", name()}, {"lost", counters_.lost}});
    } else {
        log(LogLevel::error, "flow_log.failed", {{"sink", name()}, {"error", now}});
    }
}

}  // namespace tollgate::agent
