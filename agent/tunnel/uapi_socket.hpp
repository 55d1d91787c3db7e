// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>

#include <sys/types.h>

#include <tollgate/result.hpp>

#include "agent/system/event_loop.hpp"
#include "agent/system/file_descriptor.hpp"
#include "agent/tunnel/tunnel_config.hpp"

namespace tollgate::agent {

/// What a device does for its UAPI socket, in the event loop's thread.
struct UapiHandlers {
    /// @return 0: all of it is done; a positive errno value: why not
    std::function<int(const DeviceChange&)> set;
    std::function<DeviceState()> get;
};

struct UapiLimits {
    std::size_t connections = 8;  ///< more wait in the kernel's queue
    /// From the connection, or the end of the last operation, to the end of the next; then we hang
    /// up.
    std::chrono::milliseconds operation_time{10000};
};

/// Where wg(8) looks.
inline constexpr std::string_view kUapiFolder = "/var/run/wireguard";

/// The Unix socket FOLDER/INTERFACE.sock, through which wg(8) configures a userspace WireGuard. One
/// operation of one connection is done per turn of the event loop, so that nobody holds up the
/// others. Not thread-safe.
class UapiSocket {
  public:
    /// Listens. The folder is made with mode 0700 if there is none; the socket has 0600. The socket
    /// of a process that is dead is replaced. @param loop outlives the socket
    /// @return EINVAL: no name of an interface; ENAMETOOLONG; EADDRINUSE: another process serves
    /// the interface; EEXIST: something else has the name; else as mkdir(2), bind(2)
    [[nodiscard]] static Result<std::unique_ptr<UapiSocket>> open(
        EventLoop& loop,
        const std::filesystem::path& folder,
        std::string_view interface,
        UapiHandlers handlers,
        UapiLimits limits = {});
    /// Removes the socket of a process that is dead; does nothing if there is none.
    /// @return EADDRINUSE, EEXIST: as open(); else as unlink(2)
    [[nodiscard]] static Result<void> remove_left(const std::filesystem::path& folder,
                                                  std::string_view interface);
    /// Hangs up, and removes the socket if it is still ours.
    ~UapiSocket();
    UapiSocket(const UapiSocket&) = delete;
    UapiSocket& operator=(const UapiSocket&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::size_t connections() const { return clients_.size(); }

  private:
    struct Client;
    struct FileId {
        dev_t device = 0;
        ino_t inode = 0;
        bool operator==(const FileId&) const = default;
    };

    UapiSocket(EventLoop& loop, Timer timer, UapiHandlers handlers, UapiLimits limits);

    [[nodiscard]] static Result<FileId> identify(const std::filesystem::path& path);
    [[nodiscard]] Result<void> listen(const std::filesystem::path& path);
    [[nodiscard]] Result<void> watch_listener();
    void accept();
    void serve(int fd);
    void hang_up(int fd);
    void hang_up_late();
    void arm_timer();

    EventLoop& loop_;
    Timer timer_;
    UapiHandlers handlers_;
    UapiLimits limits_;
    std::filesystem::path path_;
    FileId id_;
    FileDescriptor listener_;
    std::unordered_map<int, std::unique_ptr<Client>> clients_;
};

}  // namespace tollgate::agent
