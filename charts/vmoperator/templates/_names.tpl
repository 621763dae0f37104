{{- define "vmoperator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}
{{- define "vmoperator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "vmoperator.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "vmoperator.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}
{{- define "vmoperator.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end }}
{{- /* Cluster-scoped objects of two releases of one name in two namespaces must not collide. */ -}}
{{- define "vmoperator.clustername" -}}
{{- printf "%s-%s" (include "vmoperator.namespace" .) (include "vmoperator.fullname" .) -}}
{{- end }}
{{- /* A Service's name has 63 letters at most. */ -}}
{{- define "vmoperator.webhookname" -}}
{{- printf "%s-webhook" (include "vmoperator.fullname" . | trunc 55 | trimSuffix "-") -}}
{{- end }}
{{- define "vmoperator.account" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "vmoperator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}
{{- define "vmoperator.selector" -}}
app.kubernetes.io/name: {{ include "vmoperator.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}
{{- /* Labels and annotations of an object: `dict "root" $ "labels" (dict) "annotations" (dict)`. */ -}}
{{- define "vmoperator.about" -}}
{{- $root := .root -}}
labels:
  {{- $own := include "vmoperator.selector" $root | fromYaml }}
  {{- $own = merge $own (dict "app.kubernetes.io/version" $root.Chart.AppVersion "app.kubernetes.io/managed-by" $root.Release.Service "helm.sh/chart" (printf "%s-%s" $root.Chart.Name ($root.Chart.Version | replace "+" "_"))) }}
  {{- toYaml (merge (dict) $own (.labels | default dict) ($root.Values.commonLabels | default dict)) | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) ($root.Values.commonAnnotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- /* KEY=VALUE of each entry, with commas between them. */ -}}
{{- define "vmoperator.pairs" -}}
{{- $pairs := list -}}
{{- range $key, $value := . }}{{ $pairs = append $pairs (printf "%s=%s" $key $value) }}{{ end -}}
{{- join "," $pairs -}}
{{- end }}
{{- /* Variable of the default of a program's requests or limits, for a resource. */ -}}
{{- define "vmoperator.sizevariable" -}}
{{- $program := index . 0 -}}
{{- $prefix := printf "VM_%sDEFAULT" (upper $program) -}}
{{- if has $program (list "vminsert" "vmselect" "vmstorage") -}}
{{- $prefix = printf "VM_VMCLUSTERDEFAULT_%sDEFAULT" (upper $program) -}}
{{- else if has $program (list "vmalertmanager" "vmbackup") -}}
{{- $prefix = printf "VM_%s" (upper $program) -}}
{{- end -}}
{{- $resource := index . 2 | replace "memory" "mem" | replace "-" "_" -}}
{{- printf "%s_RESOURCE_%s_%s" $prefix (index . 1 | trimSuffix "s" | upper) (upper $resource) -}}
{{- end }}
{{- define "vmoperator.image" -}}
{{- $image := .Values.image -}}
{{- $registry := default $image.registry .Values.global.imageRegistry -}}
{{- with $registry }}{{ . }}/{{ end -}}
{{- $image.repository -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default .Chart.AppVersion $image.tag }}{{ end -}}
{{- end }}
{{- define "vmoperator.namespaces" -}}
{{- if .Values.watchOwnNamespace }}{{ list (include "vmoperator.namespace" .) | toJson }}{{ else }}{{ .Values.watchNamespaces | default list | uniq | toJson }}{{ end }}
{{- end }}
{{- define "vmoperator.checked" -}}
{{- if and .Values.webhook.enabled (or .Values.watchOwnNamespace .Values.watchNamespaces) }}
{{- fail "webhook.enabled: the configuration of a webhook is the whole cluster's; an operator that looks after some namespaces has none, and checks objects when it renders them" }}
{{- end }}
{{- if and .Values.webhook.enabled (eq (int .Values.port) (int .Values.webhook.port)) }}
{{- fail "webhook.port: is the same as port, which serves probes and metrics" }}
{{- end }}
{{- if and .Values.watchOwnNamespace .Values.watchNamespaces }}
{{- fail "watchOwnNamespace and watchNamespaces: give one of them" }}
{{- end }}
{{- if and .Values.watchOwnNamespace .Values.crds.enabled }}
{{- fail "watchOwnNamespace: the definitions of the kinds are cluster-scoped; have them installed (chart vmoperator-crds) and set crds.enabled=false" }}
{{- end }}
{{- end }}
