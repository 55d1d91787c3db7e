// SPDX-License-Identifier: MIT
#include "agent/system/privileged.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent::privileged {

namespace {

std::atomic<Proxy*> in_use{nullptr};

bool is_same(const FileDescriptor& one, const FileDescriptor& other) {
    struct stat first {};
    struct stat second {};
    return ::fstat(one.get(), &first) == 0 && ::fstat(other.get(), &second) == 0 &&
           first.st_ino == second.st_ino;
}

int socket_here() {
    return ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

int socket_in(const FileDescriptor& there) {
    const FileDescriptor home{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    if (!there || is_same(home, there)) {
        return socket_here();
    }
    if (!home || ::setns(there.get(), CLONE_NEWNET) != 0) {
        return -1;
    }
    const int socket = socket_here();
    const int error = errno;
    if (::setns(home.get(), CLONE_NEWNET) != 0) {
        std::abort();  // whatever this thread opens next would be in the wrong network
    }
    errno = error;
    return socket;
}

}  // namespace

void use(Proxy* proxy) {
    in_use = proxy;
}

int socket(int domain, int type, int protocol) {
    Proxy* const asked = in_use;
    return asked != nullptr ? asked->socket(domain, type, protocol)
                            : ::socket(domain, type, protocol);
}

int set_option(int socket, int name, std::uint32_t value) {
    Proxy* const asked = in_use;
    return asked != nullptr ? asked->set_option(socket, name, value)
                            : ::setsockopt(socket, SOL_SOCKET, name, &value, sizeof value);
}

int bind(int socket, const sockaddr* address, socklen_t size) {
    Proxy* const asked = in_use;
    return asked != nullptr ? asked->bind(socket, address, size) : ::bind(socket, address, size);
}

int socket_beside(int tun_device) {
    Proxy* const asked = in_use;
    return asked != nullptr ? asked->socket_beside(tun_device)
                            : socket_in(FileDescriptor{::ioctl(tun_device, TUNGETDEVNETNS)});
}

}  // namespace tollgate::agent::privileged
