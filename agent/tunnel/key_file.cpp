// SPDX-License-Identifier: MIT
#include "agent/tunnel/key_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

namespace {

// A key and a line break, and enough more to see that there is more.
constexpr std::size_t kBufferBytes = 64;
constexpr std::size_t kTokenBytes = 4096;

Failure refuse(const std::filesystem::path& path, std::string_view what) {
    return failure(fmt::format("the key file {} {}", path.string(), what));
}

Failure refuse_open(const std::filesystem::path& path, int error) {
    return error == ELOOP ? refuse(path, "is a symbolic link: name the file that it leads to")
                          : failure(error, fmt::format("open the key file {}", path.string()));
}

Result<void> check_access(const FileDescriptor& file, const std::filesystem::path& path) {
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) {
        return failure(errno, fmt::format("look at the key file {}", path.string()));
    }
    if (!S_ISREG(status.st_mode)) {
        return refuse(path, "is no regular file");
    }
    if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
        return refuse(path,
                      fmt::format("belongs to the user {}, who could change it: chown root {}",
                                  status.st_uid,
                                  path.string()));
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return refuse(path, fmt::format("is open to other users: chmod 600 {}", path.string()));
    }
    return {};
}

std::string_view without_line_break(std::string_view text) {
    while (text.ends_with('\n') || text.ends_with('\r')) {
        text.remove_suffix(1);
    }
    return text;
}

void wipe(std::span<char> buffer) {
    crypto::secret_memory::wipe(reinterpret_cast<std::byte*>(buffer.data()), buffer.size());
}

// What the buffer has of the file, without line breaks at its end.
Result<std::string_view> read_secret(const std::filesystem::path& path, std::span<char> buffer) {
    const FileDescriptor file{
        ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (!file) {
        return refuse_open(path, errno);
    }
    if (const auto access = check_access(file, path); !access) {
        return Failure{access.error()};
    }
    const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
    if (size < 0) {
        return failure(errno, fmt::format("read the key file {}", path.string()));
    }
    return without_line_break({buffer.data(), static_cast<std::size_t>(size)});
}

std::filesystem::path find_file(const std::optional<std::filesystem::path>& configured,
                                const std::string& name,
                                const std::filesystem::path& credentials) {
    if (configured) {
        return *configured;
    }
    std::error_code error;
    if (!credentials.empty() && std::filesystem::exists(credentials / name, error)) {
        return credentials / name;
    }
    return kConfigFolder / std::filesystem::path{name};
}

}  // namespace

Result<crypto::Secret<crypto::kKeySize>> read_key_file(const std::filesystem::path& path) {
    std::array<char, kBufferBytes> buffer{};
    const auto text = read_secret(path, buffer);
    if (!text && text.error().code.value() == ENOENT) {
        return refuse(path,
                      fmt::format("does not exist: make one with 'umask 077; wg genkey > {}'",
                                  path.string()));
    }
    if (!text) {
        return Failure{text.error()};
    }
    auto key = crypto::decode_base64(*text);
    wipe(buffer);
    if (!key || key->is_zero()) {
        return refuse(path, "holds no key: it must be one line as 'wg genkey' prints it");
    }
    return std::move(*key);
}

Result<SecretText> read_token_file(const std::filesystem::path& path) {
    std::array<char, kTokenBytes + 2> buffer{};
    const auto text = read_secret(path, buffer);
    if (!text) {
        return Failure{text.error()};
    }
    const bool is_token =
        !text->empty() && text->size() <= kTokenBytes &&
        std::all_of(text->begin(), text->end(), [](char c) { return c > ' ' && c <= '~'; });
    SecretText token;
    token += is_token ? *text : std::string_view{};
    wipe(buffer);
    if (!is_token) {
        return refuse(path, "holds no token: it must be one line of printable characters");
    }
    return token;
}

std::filesystem::path find_private_key(const std::optional<std::filesystem::path>& configured,
                                       const std::string& tunnel,
                                       const std::filesystem::path& credentials) {
    return find_file(configured, tunnel + ".key", credentials);
}

std::filesystem::path find_site_secret(const std::optional<std::filesystem::path>& configured,
                                       const std::filesystem::path& credentials) {
    return find_file(configured, "stealth.secret", credentials);
}

}  // namespace tollgate::agent
