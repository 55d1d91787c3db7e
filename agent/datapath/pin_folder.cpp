// SPDX-License-Identifier: MIT
#include "agent/datapath/pin_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include <fmt/format.h>

#include <tollgate/abi/limits.h>

#include "agent/system/file.hpp"
#include "agent/system/interface.hpp"

namespace tollgate::agent {

namespace {

namespace fs = std::filesystem;

constexpr mode_t kPrivate = 0700;

// The BPF file system allows no dots in names, and the kernel no '%' in interfaces' names.
std::string encode(std::string interface) {
    std::replace(interface.begin(), interface.end(), '.', '%');
    return interface;
}

std::string decode(std::string encoded) {
    std::replace(encoded.begin(), encoded.end(), '%', '.');
    return encoded;
}

// "eth0-3": an interface's name may hold dashes itself, so the zone is what follows the last one.
std::optional<InterfacePins> parse_folder(const fs::path& folder) {
    const std::string name = folder.filename().string();
    const auto dash = name.rfind('-');
    if (dash == std::string::npos) {
        return std::nullopt;
    }
    InterfacePins pins{.folder = folder, .interface = decode(name.substr(0, dash))};
    const char* end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + dash + 1, end, pins.zone);
    if (error != std::errc{} || rest != end || pins.zone >= TG_ZONES_MAX ||
        !is_interface_name(pins.interface)) {
        return std::nullopt;
    }
    return pins;
}

}  // namespace

Result<PinFolder> PinFolder::open(const fs::path& root) {
    if (auto made = make_folder(root, kPrivate); !made) {
        return Failure{made.error()};
    }
    FileDescriptor lock{::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!lock) {
        return failure(errno, fmt::format("open the pin folder {}", root.string()));
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                   ? failure(EBUSY,
                             fmt::format("another tollgated uses the pin folder {}: stop it, or "
                                         "give this one its own with --pin-dir",
                                         root.string()))
                   : failure(errno, fmt::format("lock the pin folder {}", root.string()));
    }
    PinFolder pins{root, std::move(lock)};
    for (std::uint32_t slot = 0; slot < TG_SLOTS; ++slot) {
        if (auto made = make_folder(pins.table(slot, "x").parent_path(), kPrivate); !made) {
            return Failure{made.error()};
        }
    }
    return pins;
}

fs::path PinFolder::version() const {
    return root_ / fmt::format("v{}", TG_ABI_VERSION);
}

fs::path PinFolder::map(const std::string& name) const {
    return version() / name;
}

fs::path PinFolder::table(std::uint32_t slot, const std::string& name) const {
    return version() / fmt::format("slot_{}", slot) / name;
}

Result<InterfacePins> PinFolder::make_interface(const std::string& interface,
                                                std::uint8_t zone) const {
    InterfacePins pins{.folder = version() / fmt::format("{}-{}", encode(interface), zone),
                       .interface = interface,
                       .zone = zone};
    if (auto made = make_folder(pins.folder, kPrivate); !made) {
        return Failure{made.error()};
    }
    return pins;
}

std::vector<InterfacePins> PinFolder::interfaces() const {
    return interface_pins_in(version());
}

bool is_version_folder(const fs::path& folder) {
    const std::string name = folder.filename().string();
    return name.size() > 1 && name[0] == 'v' &&
           name.find_first_not_of("0123456789", 1) == std::string::npos;
}

std::vector<InterfacePins> interface_pins_in(const fs::path& folder) {
    std::vector<InterfacePins> found;
    for (const fs::path& entry : entries_of(folder).value_or(std::vector<fs::path>{})) {
        std::error_code error;
        auto pins = parse_folder(entry);
        if (pins && fs::is_directory(entry, error)) {
            found.push_back(*std::move(pins));
        }
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return a.folder < b.folder;
    });
    return found;
}

Result<void> replace_pin(int fd, const fs::path& path) {
    const std::string temporary = path.string() + "_new";
    ::unlink(temporary.c_str());  // of an agent that died here
    if (bpf_obj_pin(fd, temporary.c_str()) != 0) {
        return failure(errno, fmt::format("pin {}", path.string()));
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        const int error = errno;
        ::unlink(temporary.c_str());
        return failure(error, fmt::format("pin {}", path.string()));
    }
    return {};
}

Result<std::optional<FileDescriptor>> open_pin(const fs::path& path) {
    FileDescriptor fd{bpf_obj_get(path.c_str())};
    if (!fd && errno != ENOENT) {
        return failure(errno, fmt::format("open the pin {}", path.string()));
    }
    return fd ? std::optional{std::move(fd)} : std::nullopt;
}

Result<void> remove_pin(const fs::path& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return failure(errno, fmt::format("remove the pin {}", path.string()));
    }
    return {};
}

}  // namespace tollgate::agent
