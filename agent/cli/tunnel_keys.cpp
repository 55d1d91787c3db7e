// SPDX-License-Identifier: MIT
#include "agent/cli/tunnel_keys.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::cli {
namespace {

/// One key in base64 and what may stand around it.
constexpr std::size_t kKeyTextMax = 128;

Result<void> write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(file, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return failure(errno, "write the key");
        }
        text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
    return {};
}

}  // namespace

agent::SecretText key_line(const crypto::Secret<crypto::kKeySize>& key) {
    agent::SecretText text;
    agent::append_wiped(text, crypto::encode_base64(key));
    text += "\n";
    return text;
}

Result<void> print_secret(const agent::SecretText& text) {
    return write_all(STDOUT_FILENO, text.view());
}

bool stdout_is_open_file() {
    struct stat status {};
    return ::fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode) &&
           (status.st_mode & S_IRWXO) != 0;
}

Result<void> write_new_secret(const std::filesystem::path& path, const agent::SecretText& text) {
    const agent::FileDescriptor file{::open(
        path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)};
    if (!file) {
        return failure(errno, fmt::format("make {}", path.string()));
    }
    const auto written = write_all(file.get(), text.view());
    if (!written || ::fsync(file.get()) != 0) {
        const int error = errno;
        ::unlink(path.c_str());
        return written ? failure(error, fmt::format("write {}", path.string())) : written;
    }
    return {};
}

std::optional<crypto::PrivateKey> read_private_key(int file) {
    std::array<char, kKeyTextMax> bytes{};
    std::size_t size = 0;
    while (size < bytes.size()) {
        const ssize_t count = ::read(file, &bytes.at(size), bytes.size() - size);
        if (count == 0 || (count < 0 && errno != EINTR)) {
            break;
        }
        size += count < 0 ? 0 : static_cast<std::size_t>(count);
    }
    constexpr std::string_view kSpaces = " \t\r\n";
    std::string_view text{bytes.data(), size};
    text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
    text = text.substr(0, text.find_last_not_of(kSpaces) + 1);
    auto key = crypto::decode_base64(text);
    crypto::secret_memory::wipe(std::as_writable_bytes(std::span{bytes}).data(), bytes.size());
    return key;
}

}  // namespace tollgate::cli
