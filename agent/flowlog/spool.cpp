// SPDX-License-Identifier: MIT
#include "agent/flowlog/spool.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string>
#include <tuple>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/system/file.hpp"
#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".spool";

// A file holds one batch more than it should at most.
constexpr std::size_t kFileMost = std::size_t{1} << 28U;

std::optional<std::uint64_t> number_of(const fs::path& path) {
    const std::string name = path.stem().string();
    std::uint64_t number = 0;
    const char* const end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data(), end, number);
    const bool is_number = error == std::errc{} && rest == end && path.extension() == kExtension;
    return is_number ? std::optional{number} : std::nullopt;
}

// Frames that are left of a write that failed would make the next one look damaged.
std::optional<int> append_all(int fd, std::string_view bytes, std::size_t size_before) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            const int error = errno;
            return ::ftruncate(fd, static_cast<off_t>(size_before)) == 0 ? error : errno;
        }
    }
    return std::nullopt;
}

std::optional<Batch> read(const fs::path& path, const FramePlace& place) {
    const FileDescriptor fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    std::string bytes(place.size, '\0');
    const ssize_t size =
        ::pread(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(place.offset));
    return size == static_cast<ssize_t>(bytes.size()) ? decode_frame(bytes) : std::nullopt;
}

}  // namespace

Spool::Spool(fs::path folder, Limits limits) : folder_{std::move(folder)}, limits_{limits} {}

Result<Spool> Spool::open(fs::path folder, Limits limits) {
    if (const auto made = make_folder(folder, 0700); !made) {
        return Failure{made.error()};
    }
    std::vector<std::uint64_t> numbers;
    const auto entries = entries_of(folder);
    if (!entries) {
        return Failure{entries.error()};
    }
    for (const fs::path& entry : *entries) {
        if (const auto number = number_of(entry)) {
            numbers.push_back(*number);
        }
    }
    std::sort(numbers.begin(), numbers.end());
    Spool spool{std::move(folder), limits};
    for (const std::uint64_t number : numbers) {
        if (const auto loaded = spool.load(number); !loaded) {
            return Failure{loaded.error()};
        }
    }
    spool.first_own_ = spool.next_number_;
    while (spool.bytes_ > limits.bytes) {
        spool.drop_oldest_file();
    }
    return spool;
}

Result<void> Spool::load(std::uint64_t number) {
    next_number_ = number + 1;
    std::error_code error;
    const std::uintmax_t size = fs::file_size(path_of(number), error);
    const auto most = static_cast<std::size_t>(std::min<std::uintmax_t>(size, kFileMost));
    const auto content = read_file(path_of(number), error ? 0 : most);
    if (!content) {
        return Failure{content.error()};
    }
    const SpoolFile found = read_frames(*content);
    damaged_bytes_ += found.damaged_bytes;
    if (found.waiting.empty()) {
        ::unlink(path_of(number).c_str());
        return {};
    }
    files_.push_back({number, content->size(), {found.waiting.begin(), found.waiting.end()}});
    bytes_ += content->size();
    for (const FramePlace& frame : found.waiting) {
        records_ += frame.records;
    }
    return {};
}

Result<void> Spool::append(const Batch& batch) {
    const std::string frame = encode_frame(batch);
    if (frame.size() > limits_.bytes) {
        return failure(EFBIG, fmt::format("write to the spool {}", folder_.string()));
    }
    while (bytes_ + frame.size() > limits_.bytes) {
        drop_oldest_file();
    }
    const bool fits = !files_.empty() && files_.back().number >= first_own_ &&
                      files_.back().size + frame.size() <= limits_.file_bytes;
    File file = fits ? files_.back() : File{next_number_, 0, {}};
    if (auto written = write(file, frame); !written) {
        return written;
    }
    if (!fits) {
        files_.push_back(file);
        ++next_number_;
    }
    files_.back().waiting.push_back({file.size, frame.size(), batch.records});
    files_.back().size += frame.size();
    bytes_ += frame.size();
    records_ += batch.records;
    return {};
}

Result<void> Spool::write(const File& file, std::string_view frame) const {
    const fs::path path = path_of(file.number);
    const FileDescriptor fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
    if (!fd) {
        return failure(errno, fmt::format("open {}", path.string()));
    }
    if (const auto error = append_all(fd.get(), frame, file.size)) {
        if (file.size == 0) {
            ::unlink(path.c_str());
        }
        return failure(*error, fmt::format("write {}", path.string()));
    }
    return {};
}

std::optional<Batch> Spool::front() {
    while (!files_.empty()) {
        const FramePlace place = files_.front().waiting.front();
        if (auto batch = read(path_of(files_.front().number), place)) {
            return batch;
        }
        lost_ += place.records;
        pop_front();
    }
    return std::nullopt;
}

// Should the mark not get to the disk, the batch is sent again after a restart: the receiver knows
// it by its id.
void Spool::pop_front() {
    File& file = files_.front();
    const FramePlace place = file.waiting.front();
    records_ -= place.records;
    file.waiting.pop_front();
    if (file.waiting.empty()) {
        return remove_oldest_file();
    }
    const FileDescriptor fd{::open(path_of(file.number).c_str(), O_WRONLY | O_CLOEXEC)};
    std::ignore = ::pwrite(
        fd.get(), &kFrameDone, sizeof kFrameDone, static_cast<off_t>(place.offset + kFrameStateAt));
}

void Spool::drop_oldest_file() {
    for (const FramePlace& place : files_.front().waiting) {
        records_ -= place.records;
        lost_ += place.records;
    }
    ++dropped_files_;
    remove_oldest_file();
}

void Spool::remove_oldest_file() {
    ::unlink(path_of(files_.front().number).c_str());
    bytes_ -= files_.front().size;
    files_.pop_front();
}

fs::path Spool::path_of(std::uint64_t number) const {
    return folder_ / fmt::format("{:012}{}", number, kExtension);
}

}  // namespace tollgate::agent
