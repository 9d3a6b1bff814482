package queue

import "syscall"

// Numbers of network file systems, from statfs(2).
const (
	magicNFS  = 0x6969
	magicSMB  = 0x517b
	magicSMB2 = 0xfe534d42
	magicCIFS = 0xff534d42
)

// onNetwork says whether a folder is on a network file system.
func onNetwork(dir string) (bool, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return false, err
	}
	return isNetworkMagic(int64(fs.Type)), nil //nolint:unconvert // int32 on some platforms
}

// isNetworkMagic compares 32 bits, which is what the numbers have: on platforms
// where the field is an int32 the larger ones are negative.
func isNetworkMagic(magic int64) bool {
	switch uint32(magic) { //nolint:gosec // on purpose, see above
	case magicNFS, magicSMB, magicSMB2, magicCIFS:
		return true
	default:
		return false
	}
}
