# What `go build` can't know and the programs need: without these kube-apiserver says v0.0.0 and
# `helm template` renders for Kubernetes 1.20. Keep in step with go.mod.
kubernetes=v1.36.3
helm=v3.21.4
kubeconform=v0.8.0
major=${kubernetes%%.*} major=${major#v}
minor=${kubernetes#*.} minor=${minor%%.*}
component=k8s.io/component-base/version
client=k8s.io/client-go/pkg/version
helm_module=helm.sh/helm/v3
ldflags="-s -w"
for package in "$component" "$client"; do
  ldflags+=" -X $package.gitVersion=$kubernetes -X $package.gitMajor=$major -X $package.gitMinor=$minor"
done
ldflags+=" -X $component.gitTreeState=clean -X $component.gitCommit=unknown"
ldflags+=" -X $helm_module/internal/version.version=$helm"
for package in "$helm_module/pkg/chartutil" "$helm_module/pkg/lint/rules"; do
  ldflags+=" -X $package.k8sVersionMajor=$major -X $package.k8sVersionMinor=$minor"
done
ldflags+=" -X main.version=$kubeconform"
