package queue

import "testing"

func TestNetworkMagic(t *testing.T) {
	t.Parallel()
	for magic, want := range map[int64]bool{
		0x6969: true, 0x517b: true, 0xfe534d42: true, 0xff534d42: true,
		int64(int32(-0x1acb2be)): true, // 0xfe534d42 where the field has 32 bits
		0xef53:                   false, 0x01021994: false, 0x794c7630: false, 0x58465342: false,
	} {
		if got := isNetworkMagic(magic); got != want {
			t.Errorf("%#x: %v", magic, got)
		}
	}
	if remote, err := onNetwork(t.TempDir()); err != nil || remote {
		t.Errorf("a temporary folder: %v, %v", remote, err)
	}
	if _, err := onNetwork("/does/not/exist"); err == nil {
		t.Error("no error for a folder that is not there")
	}
}
