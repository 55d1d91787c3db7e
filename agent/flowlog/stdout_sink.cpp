// SPDX-License-Identifier: MIT
#include "agent/flowlog/stdout_sink.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <poll.h>

#include "agent/flowlog/record_json.hpp"

namespace tollgate::agent {

namespace {

constexpr std::chrono::seconds kPatience{1};
static_assert(kFlowLogJsonMax < PIPE_BUF);

bool is_writable_before(int file, std::chrono::steady_clock::time_point deadline) {
    using std::chrono::milliseconds;
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd entry{file, POLLOUT, 0};
    const int wait = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    return ::poll(&entry, 1, wait) == 1 && (entry.revents & POLLOUT) != 0;
}

}  // namespace

void StdoutSink::write(std::span<const FlowLogRecord> records) {
    const Time deadline = std::chrono::steady_clock::now() + kPatience;
    std::string line;
    for (const FlowLogRecord& record : records) {
        line.clear();
        append_json(line, record);
        line += '\n';
        if (lines_.size() + line.size() > PIPE_BUF) {
            write_lines(deadline);
        }
        lines_ += line;
        ++lines_count_;
    }
    if (!lines_.empty()) {
        write_lines(deadline);
    }
}

void StdoutSink::write_lines(Time deadline) {
    std::string_view left{lines_};
    std::string_view end{"\n"};
    if (is_torn_ && write_some(end, deadline)) {
        is_torn_ = false;
    }
    while (!is_torn_ && !left.empty() && write_some(left, deadline)) {
    }
    const std::size_t done = lines_.size() - left.size();
    const auto whole = static_cast<std::uint64_t>(
        std::count(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(done), '\n'));
    counters_.written += whole;
    counters_.lost += lines_count_ - whole;
    counters_.errors += left.empty() ? 0 : 1;
    is_torn_ = is_torn_ || (done > 0 && lines_[done - 1] != '\n');
    lines_.clear();
    lines_count_ = 0;
}

// A pipe that is writable has room for PIPE_BUF bytes: the write does not wait (pipe(7)).
bool StdoutSink::write_some(std::string_view& text, Time deadline) const {
    if (!is_writable_before(file_, deadline)) {
        return false;
    }
    const ssize_t count = ::write(file_, text.data(), text.size());
    if (count < 0) {
        return errno == EINTR;
    }
    text.remove_prefix(static_cast<std::size_t>(count));
    return true;
}

}  // namespace tollgate::agent
