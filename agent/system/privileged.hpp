// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <sys/socket.h>

/// System calls that a process without rights cannot make, or may not: each as the call of its
/// name, also in errno. A process that has given up its rights has another one make them.
namespace tollgate::agent::privileged {

/// Makes them for a process that may not. Thread-safe.
class Proxy {
  public:
    Proxy() = default;
    virtual ~Proxy() = default;
    Proxy(const Proxy&) = delete;
    Proxy& operator=(const Proxy&) = delete;

    virtual int socket(int domain, int type, int protocol) = 0;
    virtual int set_option(int socket, int name, std::uint32_t value) = 0;
    virtual int bind(int socket, const sockaddr* address, socklen_t size) = 0;
    virtual int socket_beside(int tun_device) = 0;
};

/// From now on this one makes them, for all threads; null: the process itself, as at the start.
/// @param proxy  outlives its use
void use(Proxy* proxy);

/// @return a descriptor; -1 and errno: as socket(2)
[[nodiscard]] int socket(int domain, int type, int protocol);
/// An option of SOL_SOCKET. @return 0; -1 and errno: as setsockopt(2)
[[nodiscard]] int set_option(int socket, int name, std::uint32_t value);
/// @return 0; -1 and errno: as bind(2)
[[nodiscard]] int bind(int socket, const sockaddr* address, socklen_t size);
/// A UDP socket, for ioctl(2), in the network namespace that a TUN device is in, wherever that was
/// moved. Before Linux 5.5: in ours. @return a descriptor; -1 and errno
[[nodiscard]] int socket_beside(int tun_device);

}  // namespace tollgate::agent::privileged
